"""YouTube through yt-dlp: resolve lean, look twice before believing a loss, read media in ranges by the same egress.

`config` says what the source is told and imports little; `source` brings in yt-dlp.
"""
