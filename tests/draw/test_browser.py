"""The page in a real browser: nothing is complained about, and it does what its keys say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import minicaffe
from minicaffe.draw.page import PageOptions, net_page
from minicaffe.proto.io import read_net
from tests.draw.browser import CHROMIUM, DRIVER, KEYS, Browser, running
from tests.draw.nets import BRANCHES, HOSTILE

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="chromium and chromedriver are not installed"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The browser with the page of a net with weights."""
    file, weights = tmp_path / "net.prototxt", str(tmp_path / "w.caffemodel")
    file.write_text(BRANCHES, encoding="utf-8")
    with minicaffe.Net(str(file), minicaffe.TRAIN, seed=1) as net:
        net.save(weights)
    page = tmp_path / "net.html"
    text = net_page(read_net(str(file)), str(file), PageOptions(weights=weights))
    page.write_text(text, encoding="utf-8")
    browser.open(page)
    yield browser
    assert browser.console() == []


def selected(browser: Browser) -> str:
    return browser.run(
        "const found = document.querySelector('#graph .selected');"
        "return found ? found.getAttribute('aria-label').split(',')[0] : ''"
    )


def test_a_click_shows_a_layer(shown):
    assert shown.text("aside h2") == "branches"
    shown.click("#graph .layer[data-layer='1']")
    assert selected(shown) == "conv"
    told = shown.text("aside")
    for text in ("y[n,o,i]", "2×3×8×8", "num_output", "defaults taken", 'type: "Convolution"'):
        assert text in told
    assert "Weights: weight, 3×3×3×3".lower() in told.lower()
    assert shown.run("return document.querySelector('.filters').naturalWidth") > 1
    assert shown.run("return document.querySelectorAll('.histogram rect').length") == 2 * 48
    assert shown.text("#layers [aria-selected=true]").startswith("conv")
    shown.click("aside button.link")
    assert selected(shown) == "data"
    shown.run(
        "document.querySelector('#graph .far').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    assert selected(shown) == "data"  # the name leads to what makes it


def test_phases_are_switched(shown):
    shown.click("#layers [data-layer='9']")
    assert selected(shown) == "ip"
    shown.click("#states [data-value='\"TEST\"']")
    assert selected(shown) == "ip"  # stays where the other phase has it
    assert "prob" in shown.text("#layers")
    assert "loss" not in shown.text("#layers")
    assert shown.text("#states [aria-pressed=true]") == "TEST"
    shown.type("p")
    assert "loss" in shown.text("#layers")


def test_search(shown):
    shown.type("/Convolution")
    assert shown.text("#count") == "2 of 11 layers"
    assert shown.run("return document.querySelectorAll('#graph .hit').length") == 2
    shown.type(KEYS["Enter"])
    assert selected(shown) == "conv"
    assert shown.run("return document.activeElement.dataset.layer") == "1"
    shown.type(KEYS["Escape"])
    assert (selected(shown), shown.text("#count")) == ("", "11 layers")
    shown.type("/num_output: 2")
    assert shown.text("#layers").startswith("ip")


def test_the_keyboard_follows_arrows(shown):
    shown.click("#graph .layer[data-layer='1']")
    for key, name in (
        ("Down", "bn"), ("Down", "relu"), ("Down", "pool"), ("Up", "relu"), ("Right", "pool"),
    ):  # fmt: skip
        shown.type(KEYS[key])
        assert selected(shown) == name
    before = shown.text("#scale")
    shown.type("+")
    assert shown.text("#scale") != before
    shown.type("d")
    dark = shown.run("return getComputedStyle(document.body).backgroundColor")
    shown.type("d")
    assert shown.run("return getComputedStyle(document.body).backgroundColor") != dark
    shown.type("?")
    assert "search" in shown.text("#keys")


def test_screen_readers_are_told(shown):
    """Every control has a name, every layer a role, and one of them is in the order of Tab."""
    nameless = shown.run(
        "return [...document.querySelectorAll('button, input, [role=button], [role=listbox]')]"
        ".filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim())).length"
    )
    assert nameless == 0
    assert shown.run("return document.querySelectorAll('#graph [tabindex=\"0\"]').length") == 1
    label = shown.run("return document.querySelector('#graph .layer').getAttribute('aria-label')")
    assert label == "data, DummyData, makes 2×3×8×8 and 2"


def test_the_picture_is_saved_whole(shown):
    shown.click("#graph .layer[data-layer='1']")
    shown.run(
        "const make = URL.createObjectURL; URL.createObjectURL = (blob) => {"
        "blob.text().then((text) => { window.saved = text; }); return make(blob); }"
    )
    shown.click("#export")
    text = shown.run(
        "return new Promise((done) => { const look = () => window.saved ? done(window.saved)"
        " : setTimeout(look, 10); look(); })"
    )
    assert text.startswith("<svg")
    assert "<style>" in text
    assert " selected" not in text


def test_hostile_names(browser: Browser, tmp_path: Path):
    file, page = tmp_path / "bad.prototxt", tmp_path / "bad.html"
    file.write_text(HOSTILE, encoding="utf-8")
    page.write_text(net_page(read_net(str(file)), str(file)), encoding="utf-8")
    browser.open(page)
    for index in range(browser.run("return document.querySelectorAll('#layers li').length")):
        browser.click(f"#layers [data-layer='{index}']")
    browser.click("#states button:last-child")
    assert browser.console() == []
    assert browser.run("return document.title").startswith("</script>")
    assert browser.run("return document.querySelectorAll('script, b b, img').length") == 2
