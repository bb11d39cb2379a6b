"""clipset: annotation lists in, verified frame-exact clips out."""

__version__ = "0.1.0"
