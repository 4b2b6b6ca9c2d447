"""What is wrong with this installation, and how to mend it. Looks only; changes nothing.

Owns the checks of `triggerhub doctor`. Works beside a running hub: it opens no port of ours for
longer than a moment and writes nothing. What it asks of the world (DNS, time) comes in.
"""

from triggerhub.doctor.examination import examine
from triggerhub.doctor.finding import Finding, as_json, broken

__all__ = ["Finding", "as_json", "broken", "examine"]
