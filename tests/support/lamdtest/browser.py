"""A headless Chromium that a test drives with Debian's python3-selenium and chromium-driver."""

import importlib.util
import shutil

from .wait import wait_until


def missing():
    """Why there is no browser, or None."""
    if importlib.util.find_spec("selenium") is None or not shutil.which("chromedriver") or not shutil.which("chromium"):
        return "no browser here (Debian's chromium, chromium-driver, python3-selenium); ./dev deps browser brings it"
    return None


class Browser:
    def __init__(self, directory, size=(1100, 760), is_dark=False):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                       "--no-first-run", "--disable-background-networking", f"--user-data-dir={directory}/chromium"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.resize(*size)
        self.set_dark(is_dark)

    def resize(self, width, height, is_phone=False):
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone})

    def set_dark(self, is_dark):
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})

    def open(self, url):
        self._driver.get(url)

    def reload(self):
        self._driver.refresh()

    def run(self, script, *arguments):
        """The value of a function's body of JavaScript."""
        return self._driver.execute_script(script, *arguments)

    def text(self, selector):
        """Of the last element that matches; empty when there is none."""
        return self.run("return [...document.querySelectorAll(arguments[0])].at(-1)?.textContent ?? ''", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def is_shown(self, selector):
        return self.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def click(self, selector):
        self._driver.find_element("css selector", selector).click()

    def type(self, text):
        """Into whatever has the focus, as a keyboard does; `Keys` of selenium are keys."""
        self._driver.switch_to.active_element.send_keys(text)

    def wait(self, condition, what, timeout=60.0):
        return wait_until(condition, timeout, what, 0.05)

    def problems(self):
        """What the console has of errors and of what the page's policy has refused."""
        return [entry["message"] for entry in self._driver.get_log("browser") if entry["level"] == "SEVERE"]

    def screenshot(self, path):
        self._driver.save_screenshot(str(path))

    def close(self):
        self._driver.quit()
