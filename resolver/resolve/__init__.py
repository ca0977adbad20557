"""Requirements and a catalog become a plan: the pins policy, the search, the closure rule, the explanation."""

from resolver.resolve.asks import Policy
from resolver.resolve.concerns import of_earlier, of_locked, refuse
from resolver.resolve.plan import applies, resolve, resolve_direct

__all__ = ["Policy", "applies", "of_earlier", "of_locked", "refuse", "resolve", "resolve_direct"]
