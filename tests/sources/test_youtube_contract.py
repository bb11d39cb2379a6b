"""The YouTube source keeps the contract of all sources, with a progressive file and with a pair."""

import pytest
from fake_youtube import media_format, playable, unplayable
from rig import Rig
from test_source_contract import CONTENT, ID, OTHER_ID, SourceContract

from clipset.types import Recipe, Source


class TestProgressiveFile(SourceContract):
    recipe = Recipe()
    answer = playable(ID)

    @pytest.fixture
    def source(self, rig: Rig) -> Source:
        rig.youtube.media = CONTENT
        rig.youtube.players[ID] = self.answer
        rig.youtube.players[OTHER_ID] = unplayable(OTHER_ID, "This video has been removed by the uploader")
        return rig.source(recipe=self.recipe)


class TestPair(TestProgressiveFile):
    recipe = Recipe(max_height_px=240)


class TestFormatsOfUnknownSize(TestProgressiveFile):
    answer = playable(
        ID,
        streamingData={
            "formats": [
                media_format(ID, 18, 'video/mp4; codecs="avc1.42001E, mp4a.40.2"', 640, 360, 500_000)
                | {"contentLength": None}
            ]
        },
    )
