"""The browser of these tests: found as told, and a page that asks outside or complains is noticed."""

import pytest
from window import Watch, find_browser, is_here


@pytest.fixture
def loose(context) -> Watch:
    """A watch that is looked at here and not at the end."""
    return Watch(context)


MISDEEDS = {
    "a picture from elsewhere": '<img src="http://192.0.2.1/x.png">',
    "a script from elsewhere": '<script src="https://cdn.example/x.js"></script>',
    "a request by a script": '<script>fetch("http://example.org/").catch(() => 0)</script>',
    "a style from elsewhere": '<link rel="stylesheet" href="https://fonts.example/x.css">',
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_what_would_leave_the_machine_is_noticed_and_goes_nowhere(misdeed, loose, context, tmp_path):
    (tmp_path / "x.html").write_text(f"<!DOCTYPE html>{MISDEEDS[misdeed]}", encoding="utf-8")
    page = context.new_page()
    with context.expect_event("requestfailed", lambda request: not is_here(request.url)):
        page.goto((tmp_path / "x.html").as_uri())
    assert len(loose.outside()) == 1


COMPLAINTS = {
    "the console": '<script>console.error("trouble")</script>',
    "an error": '<script>throw new Error("trouble")</script>',
    "a dialog": '<script>alert("trouble")</script>',
}


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_complaints_of_a_page_are_heard(complaint, loose, context):
    page = context.new_page()
    page.set_content(COMPLAINTS[complaint])
    page.wait_for_function("document.readyState == 'complete'")
    assert any("trouble" in text for text in loose.unforgiven())
    loose.forgive("trouble")
    assert loose.unforgiven() == []


def test_the_browser_asked_for_is_the_one_taken(monkeypatch, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("CLIPSET_TEST_BROWSER", str(mine))
    assert find_browser() == str(mine)
    monkeypatch.setenv("CLIPSET_TEST_BROWSER", str(tmp_path / "nowhere"))
    assert find_browser() is None
    monkeypatch.delenv("CLIPSET_TEST_BROWSER")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() is None
    mine.rename(tmp_path / "google-chrome")
    assert find_browser() == str(tmp_path / "google-chrome")
