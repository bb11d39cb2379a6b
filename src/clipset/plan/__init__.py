"""What to make: which annotations are wanted, where their clips go, what it will cost."""

from clipset.plan.forecast import Conditions, Demand, Forecast, forecast
from clipset.plan.layout import Layout, label_folder, split_folder
from clipset.plan.selection import Seen, Selection, SelectionError, check, parse_shard, select, shard_of

__all__ = [
    "Conditions",
    "Demand",
    "Forecast",
    "Layout",
    "Seen",
    "Selection",
    "SelectionError",
    "check",
    "forecast",
    "label_folder",
    "parse_shard",
    "select",
    "shard_of",
    "split_folder",
]
