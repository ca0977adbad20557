"""The command ``report``: on one plan, on the files below folders, on a fleet; what is printed, and the exit code."""

from __future__ import annotations

import contextlib
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.arguments import refuse_decided
from resolver.console import NO, print_error, put, tell, text_of, width
from resolver.errors import DistrofirstError, InputError
from resolver.model import Reason

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from resolver.app import App
    from resolver.comparing import Plans
    from resolver.model import Unconsulted
    from resolver.options import Options
    from resolver.report.survey.total import Total


_ONE_REPORT = "name the files, which are then one report"


class Reporting:
    """Carries one out. ``warn`` and ``progress`` take one line for people."""

    def __init__(
        self,
        *,
        arguments: argparse.Namespace,
        options: Options,
        app: App,
        warn: Callable[[str], None],
        progress: Callable[[str], None],
        color: bool,
    ) -> None:
        """Take what the command line says; nothing is done yet."""
        self._arguments = arguments
        self._options = options
        self._app = app
        self._warn = warn
        self._progress = progress
        self._color = color

    def run(self) -> int:
        """Print the report; give the exit code."""
        from resolver import gathering  # noqa: PLC0415 - each command imports its own
        from resolver.report import formats  # noqa: PLC0415 - the same
        from resolver.report.gate import judge  # noqa: PLC0415 - the same
        from resolver.report.summary import summarize  # noqa: PLC0415 - the same

        reports = gathering.reports(self._options.inputs)
        if reports is not None:
            return self._fleet(reports)
        files = self._app.files(each=self._arguments.format in formats.OF_EACH_FILE)
        if files is not None:
            return self._survey(files)
        if self._arguments.format in formats.OF_GAINS and not self._arguments.relax:
            raise InputError(
                "it says how to loosen bounds",
                context=f"--format {self._arguments.format}",
                hint="add --relax all, or --relax NAME",
            )
        # Before the work that it would be for nothing after.
        render = formats.load(self._arguments.format, targets=len(self._options.targets))
        baseline = self._baseline()
        resolutions, missing = self._app.report()
        frame = formats.Frame(
            missing=missing,
            width=width(),
            color=self._color,
            verbose=self._arguments.verbose,
            folder=Path.cwd(),
            read=text_of,
        )
        put(render(resolutions, frame), self._arguments.output)
        self._tell_missing(missing)
        bar = self._arguments.fail_under
        low = [str(r.target) for r in resolutions if bar is not None and not summarize(r).reaches(bar)]
        if low:
            self._progress(f"coverage is under {bar:g} % for {', '.join(low)}")
        if missing:
            return max(one.exit_code for one in missing)
        gate = judge(resolutions, reasons=frozenset(map(Reason, self._arguments.fail_on)), baseline=baseline)
        for line in gate.lines():
            self._progress(line)
        return NO if low or gate.failing else 0

    def _baseline(self) -> Plans | None:
        """Read the report that only what is new since counts against; None where none is named."""
        if self._arguments.baseline is None:
            return None
        from resolver import comparing  # noqa: PLC0415 - only here

        return comparing.read(self._arguments.baseline)

    def _fleet(self, reports: Sequence[str]) -> int:
        """Put the reports of many hosts together."""
        from resolver import gathering  # noqa: PLC0415 - the same
        from resolver.report.survey.total import HOST, Total  # noqa: PLC0415 - the same

        refuse_decided(self._arguments, "reports of hosts: they are made already")
        render = self._render_of_files()
        total = Total(noun=HOST)
        for one in gathering.gather(reports):
            total.add(one)
            if render is None:
                sys.stdout.write(one.line())
        return self._tell_total(total, render)

    def _survey(self, files: Sequence[str]) -> int:
        """Report on many files: as they come where they are lines, else together in the end."""
        from resolver.report.survey.total import Total  # noqa: PLC0415 - the same
        from resolver.surveying import Ledger  # noqa: PLC0415 - the same

        output = self._arguments.output
        render = self._render_of_files()
        gc.enable()  # main's reason not to does not hold for thousands of files
        to_file = output is not None and str(output) != "-"
        total = Total()
        with contextlib.ExitStack() as stack:
            ledger = stack.enter_context(Ledger(output)) if to_file else None
            found, total.missing = self._app.survey(files, jobs=self._arguments.jobs, ledger=ledger)
            for surveyed in found:
                total.add(surveyed)
                if render is None and not to_file:
                    sys.stdout.write(surveyed.line())
            if render is None and ledger is not None:
                put("".join(ledger.lines(files)), output)
            return self._tell_total(total, render)

    def _render_of_files(self) -> Callable[[Total], str] | None:
        """Give what renders many reports together; None for lines. Refuses what is not theirs."""
        from resolver.report import formats  # noqa: PLC0415 - the same

        form = self._arguments.format
        if self._arguments.baseline:
            raise InputError("many reports have no --baseline", hint="name the files, or use --fail-on or --fail-under")
        if self._arguments.relax:
            raise InputError("many reports have no --relax", hint=_ONE_REPORT)
        if form in formats.OF_EACH_FILE:
            return None
        if form not in formats.OF_FILES:
            raise InputError(
                f"many files are reported as {', '.join((*formats.OF_FILES, *formats.OF_EACH_FILE))}",
                context=f"--format {form}",
                hint=_ONE_REPORT,
            )
        return formats.load_total(form)

    def _tell_total(self, total: Total, render: Callable[[Total], str] | None) -> int:
        """Print what many reports come to, and what is wrong with some; give the exit code."""
        from resolver.report.survey.total import summary  # noqa: PLC0415 - the same

        if render is not None:
            put(render(total), self._arguments.output)
        for file in total.failed:
            tell(f"distrofirst: {'error' if self._arguments.strict else 'warning'}: {file.failure}")
        for file in total.partial:
            for one in file.missing:
                self._warn(f"{file.file}: {one.target} was not consulted: {one.why}")
        self._tell_missing(total.missing)
        self._progress(summary(total, named="above"))
        codes = {file.failure.exit_code for file in total.failed if file.failure}
        codes |= {one.exit_code for one in (*total.missing, *(one for file in total.partial for one in file.missing))}
        if unavailable := codes - {InputError.exit_code}:
            return max(unavailable)
        if codes and self._arguments.strict:
            return InputError.exit_code
        bar = self._arguments.fail_under
        low = [target for target, place in total.places.items() if bar is not None and not place.reaches(bar)]
        if low:
            self._progress(f"coverage is under {bar:g} % for {', '.join(low)}")
        reasons = frozenset(map(Reason, self._arguments.fail_on))
        failing = {target: names for target, place in total.places.items() if (names := place.fails(reasons))}
        for target, names in failing.items():
            self._progress(f"{target}: not served for {' or '.join(sorted(reasons))}: {', '.join(names)}")
        return NO if low or failing or total.unmet else 0

    def _tell_missing(self, missing: Iterable[Unconsulted]) -> None:
        for one in missing:
            print_error(DistrofirstError(one.why, context=f"{one.target} was not consulted", hint=one.next_step))
