"""Where videos come from: `youtube` (yt-dlp) and `folder` (files already on disk). Import them from their modules."""
