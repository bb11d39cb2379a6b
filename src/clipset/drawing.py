"""Charts as SVG, PNG or a page, drawn without a browser by two libraries that are an extra."""

from typing import Any

from clipset.config import UserError

PNG_SCALE = 2


def libraries() -> tuple[Any, Any]:
    """altair and vl_convert. Raises UserError where they are not installed."""
    try:
        import altair as alt  # noqa: PLC0415 - an extra
        import vl_convert  # noqa: PLC0415
    except ImportError:
        raise UserError("pictures need altair and vl-convert: pip install 'clipset[report]'") from None
    return alt, vl_convert


def drawn(chart: Any, suffix: str) -> bytes:
    """The chart in the form of `suffix`: .svg, .png, or .html that needs no network."""
    _, vl_convert = libraries()
    match suffix:
        case ".svg":
            return str(vl_convert.vegalite_to_svg(chart.to_dict())).encode()
        case ".png":
            return bytes(vl_convert.vegalite_to_png(chart.to_dict(), scale=PNG_SCALE))
    return str(vl_convert.vegalite_to_html(chart.to_dict(), bundle=True)).encode()
