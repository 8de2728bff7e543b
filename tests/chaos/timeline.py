"""What was done when, for the one who has to understand it."""

import time


class Timeline:
    def __init__(self):
        self.begun = time.monotonic()
        self.lines = []

    def begin(self):
        self.begun = time.monotonic()

    def note(self, text):
        self.lines.append(f"{self.since(time.monotonic()):7.2f} s  {text}")

    def since(self, moment):
        return moment - self.begun

    def sleep_until(self, at):
        time.sleep(max(0.0, self.begun + at - time.monotonic()))

    def __str__(self):
        return "\n".join(self.lines)
