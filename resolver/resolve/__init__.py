"""Requirements and a catalog become a plan: the pins policy, the search, the closure rule, the explanation."""

from resolver.resolve.asks import Policy
from resolver.resolve.plan import resolve, resolve_direct

__all__ = ["Policy", "resolve", "resolve_direct"]
