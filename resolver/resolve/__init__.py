"""Requirements and a catalog become a plan: the pins policy, the search, the closure rule, the explanation."""

from resolver.resolve.asks import Policy
from resolver.resolve.concerns import looks_like
from resolver.resolve.plan import resolve, resolve_direct

__all__ = ["Policy", "looks_like", "resolve", "resolve_direct"]
