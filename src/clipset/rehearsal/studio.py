"""The offline YouTube behind its server: takes a question, gives a reply. Knows nothing of sockets.

Its memory is what a real site would have too: how often a video was asked for, and how often each egress asked.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from clipset.clock import Clock
from clipset.rehearsal import pages, playlist
from clipset.rehearsal.catalogue import HLS_ITAG, ITAGS
from clipset.rehearsal.delivery import deliver, read_range
from clipset.rehearsal.journal import Kind
from clipset.rehearsal.limit import Limit
from clipset.rehearsal.media import Container, MediaFile, MediaLibrary
from clipset.rehearsal.mirror import Mirror
from clipset.rehearsal.outcomes import AVAILABLE, OUTCOMES, Playability
from clipset.rehearsal.player import Json, answer_for, player_response
from clipset.rehearsal.reply import Ending, Reply, Subject, error_reply, json_reply, no_reply, text_reply
from clipset.rehearsal.scenario import MediaFault, MediaFaultKind, PlayerFault, PlayerFaultKind, Scenario, Video
from clipset.rehearsal.signing import Ticket, TicketError, media_url, read_ticket
from clipset.rehearsal.specs import itags_of, media_spec, thumbnail_picture
from clipset.types import US_PER_S

_MEDIA_403 = "media_403"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: `egress` is the address and the account."""

    address: str
    egress: str


class Studio:
    """Thread-safe."""

    def __init__(self, scenario: Scenario, library: MediaLibrary, clock: Clock) -> None:
        self.scenario = scenario
        self.mirror = Mirror(scenario, library)
        self._library, self._clock = library, clock
        self._limit = Limit(scenario.throttle) if scenario.throttle else None
        self._resolves, self._deliveries = Counter[str](), Counter[str]()
        self._lock = threading.Lock()

    def player(self, video_id: str, client: str, visitor: Visitor) -> Reply:
        """POST /youtubei/v1/player."""
        subject = Subject(Kind.PLAYER, video_id, client)
        with self._lock:
            self._resolves[video_id] += 1
            refused = self._limit is not None and self._limit.refuses(visitor.egress, self._clock.now_us())
        if refused and (refusal := self._refusal(subject)):
            return refusal
        for fault in self.scenario.video(video_id).player_faults:
            if fault.times is None or self._resolves[video_id] <= fault.times:
                return _fault_reply(subject, fault)
        return json_reply(subject, self._response(video_id, client, visitor, refused=refused))

    def page(self, video_id: str, visitor: Visitor) -> Reply:
        """GET /watch. Not counted by the throttle, but refused while the egress is blocked."""
        subject = Subject(Kind.PAGE, video_id, "WEB")
        blocked = self._blocked(visitor)
        if blocked and (refusal := self._refusal(subject)):
            return refusal
        response = self._response(video_id, "WEB", visitor, refused=blocked)
        note = OUTCOMES[self.scenario.video(video_id).outcome].page_note
        return text_reply(subject, pages.watch_page(video_id, response, note))

    def media(self, parameters: Mapping[str, str], query: str, range_header: str | None, visitor: Visitor) -> Reply:
        """GET /videoplayback; `parameters` come from the query or, for segments, from the path."""
        asked = read_range(range_header, query)
        shown = None if asked is None else asked.shown
        try:
            ticket = read_ticket(parameters)
        except TicketError:
            return error_reply(Subject(Kind.MEDIA, range=shown), 403)
        subject = Subject(Kind.MEDIA, ticket.video_id, itag=ticket.itag, range=shown)
        if self._media_refused(ticket, visitor):
            return error_reply(subject, 403)
        video = self.scenario.video(ticket.video_id)
        faults = self._media_faults(video, ticket)
        file = self._file(ticket.video_id, video, _served_itag(ticket.itag, faults))
        path, mime = file.path, file.mime
        if ticket.itag == HLS_ITAG:
            segment = playlist.segment(file, parameters.get("file", ""))
            if segment is None:
                return error_reply(subject, 404)
            path = segment
        return deliver(subject, path, asked, mime, faults, self.scenario)

    def manifest(self, parameters: Mapping[str, str], visitor: Visitor, *, master: bool) -> Reply:
        """The playlists of HLS."""
        try:
            ticket = read_ticket(parameters)
        except TicketError:
            return error_reply(Subject(Kind.MANIFEST), 403)
        subject = Subject(Kind.MANIFEST, ticket.video_id, itag=ticket.itag)
        video = self.scenario.video(ticket.video_id)
        if ticket.itag not in itags_of(video) or self._media_refused(ticket, visitor):
            return error_reply(subject, 403)
        file = self._file(ticket.video_id, video, ticket.itag)
        text = playlist.master(file, ticket) if master else playlist.media(file, ticket)
        return text_reply(subject, text, "application/vnd.apple.mpegurl")

    def prepare(self, video_id: str) -> None:
        """Make the media of a video now instead of when it is asked for."""
        self._files(video_id)

    def thumbnail(self, video_id: str) -> bytes:
        """A picture out of the video, JPEG."""
        return self._library.thumbnail(thumbnail_picture(video_id, self.scenario.video(video_id)))

    def _refusal(self, subject: Subject) -> Reply | None:
        """None when a blocked egress is answered by playability or on media only."""
        throttle = self.scenario.throttle
        if throttle is None or throttle.answer in OUTCOMES or throttle.answer == _MEDIA_403:
            return None
        return error_reply(subject, int(throttle.answer), throttle.retry_after_s)

    def _blocked(self, visitor: Visitor) -> bool:
        with self._lock:
            return self._limit is not None and self._limit.blocked(visitor.egress, self._clock.now_us())

    def _response(self, video_id: str, client: str, visitor: Visitor, *, refused: bool) -> Json:
        video, playability = self.scenario.video(video_id), self._playability(video_id, refused=refused)
        answer = answer_for(playability, client)
        resolve, now_us = max(1, self._resolves[video_id]), self._clock.now_us()
        expires_s = (now_us + round(video.url_life_s * US_PER_S)) // US_PER_S
        opens_us = now_us + video.preroll_s * US_PER_S

        def url_of(itag: int, facts: Mapping[str, str]) -> str:
            ticket = Ticket(video_id, itag, visitor.address, expires_s, resolve, opens_us)
            return playlist.master_url(ticket) if itag == HLS_ITAG else media_url(ticket, facts)

        files = self._files(video_id) if answer.status == "OK" else {}
        return player_response(video_id, video, answer, client, files, url_of)

    def _playability(self, video_id: str, *, refused: bool) -> Playability:
        throttle, video = self.scenario.throttle, self.scenario.video(video_id)
        if refused and throttle is not None and throttle.answer in OUTCOMES:
            return OUTCOMES[throttle.answer]
        if video.outcome_times is not None and self._resolves[video_id] > video.outcome_times:
            return AVAILABLE
        return OUTCOMES[video.outcome]

    def _media_refused(self, ticket: Ticket, visitor: Visitor) -> bool:
        if not ticket.usable(visitor.address, self._clock.now_us()):
            return True
        throttle = self.scenario.throttle
        return throttle is not None and throttle.answer == _MEDIA_403 and self._blocked(visitor)

    def _media_faults(self, video: Video, ticket: Ticket) -> list[MediaFault]:
        with self._lock:
            self._deliveries[ticket.video_id] += 1
            delivery = self._deliveries[ticket.video_id]
        counts = {MediaFaultKind.STALE: ticket.resolve}
        return [
            fault
            for fault in video.media_faults
            if fault.times is None or counts.get(fault.kind, delivery) <= fault.times
        ]

    def _files(self, video_id: str) -> dict[int, MediaFile]:
        video = self.scenario.video(video_id)
        return {itag: self._file(video_id, video, itag) for itag in itags_of(video)}

    def _file(self, video_id: str, video: Video, itag: int) -> MediaFile:
        return self._library.get(media_spec(video_id, video, itag))


def _served_itag(itag: int, faults: list[MediaFault]) -> int:
    if itag != HLS_ITAG and any(fault.kind is MediaFaultKind.SOUND_ONLY for fault in faults):
        return 251 if ITAGS[itag].container is Container.WEBM else 140
    return itag


def _fault_reply(subject: Subject, fault: PlayerFault) -> Reply:
    match fault.kind:
        case PlayerFaultKind.STATUS:
            return error_reply(subject, fault.status, fault.retry_after_s)
        case PlayerFaultKind.RESET:
            return no_reply(subject, Ending.RESET)
        case PlayerFaultKind.STALL:
            return no_reply(subject, Ending.STALL)
