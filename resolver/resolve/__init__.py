"""Requirements and a catalog become a plan: the pins policy, the search, the closure rule, the explanation."""

from resolver.resolve.asks import Policy
from resolver.resolve.concerns import of_earlier, of_locked, refuse
from resolver.resolve.plan import applies, resolve, resolve_direct
from resolver.resolve.relaxing import candidates, gain, moved, ranked, relaxed, without

__all__ = [
    "Policy", "applies", "candidates", "gain", "moved", "of_earlier", "of_locked", "ranked", "refuse", "relaxed",
    "resolve", "resolve_direct", "without",
]  # fmt: skip
