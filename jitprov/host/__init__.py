"""A floor: what the host project has and decides, about its users, its groups, its pages and its accounts.

It asks the settings and the class that hosts subclass, and passes the answers on. It never decides who may come in,
and knows nothing of the use cases that ask it.
"""

from __future__ import annotations
