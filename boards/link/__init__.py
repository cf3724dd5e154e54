"""The host link's language, as both ends speak it: frames, requests, bytes of beats; no hardware import."""
