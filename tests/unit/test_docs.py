"""What the pages and scripts tell people to type: every verb and option exists, every script and file can be read."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from clipset.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
SCRIPTS = sorted(DOCS.rglob("*.sbatch"))
MANIFESTS = sorted(DOCS.rglob("*.yaml"))
PAGES = [DOCS / "many-machines.md", DOCS / "planning-100m.md"]
_COMMAND = re.compile(r"(?:^|(?<=exec ))clipset [^#;|)>\[\n]*", re.MULTILINE)


def commands(path: Path) -> list[list[str]]:
    """Each command line, as the shell would split it."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    if path.suffix == ".md":
        text = "\n".join(line.strip() for line in text.splitlines() if line.startswith("    "))
    elif path.suffix == ".yaml":
        text = re.sub(r"\n +(?=--)", " ", text)
    return [shlex.split(found.rstrip(" &"), comments=False) for found in _COMMAND.findall(text)]


@pytest.mark.parametrize("path", [*PAGES, *SCRIPTS, DOCS / "kubernetes" / "fetch-job.yaml"], ids=lambda path: path.name)
def test_every_command_of_a_page_or_script_has_a_verb_and_options_that_exist(path):
    found = commands(path)
    assert found
    for _, verb, *words in found:
        names = {name for argument in app[verb].assemble_argument_collection() for name in argument.names}
        unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in names]
        assert not unknown, (verb, unknown)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_good_bash(path):
    checked = subprocess.run(["/bin/bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_is_good_yaml(path):
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_is_there(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
