"""The pictures of the documentation show what one window shows, and keep its colours."""

import pytest
from PIL import Image
from tools.page_pictures import in_window


@pytest.mark.parametrize(
    ("taken", "shown"),
    [
        pytest.param((1280, 2000), (1280, 800), id="a desktop"),
        pytest.param((780, 3400), (390, 844), id="a phone with two pixels for one"),
    ],
)
def test_a_whole_page_becomes_the_window_at_its_top(taken: tuple[int, int], shown: tuple[int, int]) -> None:
    page = Image.new("RGBA", taken, "white")
    page.paste((200, 30, 40), (0, 0, 200, 200))
    # Below the window.
    page.paste((20, 90, 200), (0, 1700, 200, 1900))
    picture = in_window(page)
    assert (picture.mode, picture.size) == ("P", shown)
    colours = {colour for _, colour in picture.convert("RGB").getcolors() or []}
    assert {(255, 255, 255), (200, 30, 40)} <= colours
    assert (20, 90, 200) not in colours
