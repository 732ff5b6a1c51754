"""A client of Darkroom, and what the checks of this folder share."""

import concurrent.futures
import pathlib
import sys
import threading

import requests

# As many as a small deployment derives at a time.
AT_ONCE = 4


class Darkroom:
    """Uploads images and downloads what is derived of them, from several threads."""

    def __init__(self, address, token):
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"}
        self._local = threading.local()

    def _session(self):
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
            self._local.session.headers.update(self._headers)
        return self._local.session

    def send(self, image):
        """The response to an upload of these bytes."""
        return self._session().post(f"{self._address}/v1/images", data=image)

    def upload(self, image):
        """The image object of these bytes."""
        response = self.send(image)
        assert response.status_code == 201, response.text
        return response.json()

    def answer(self, image, transform):
        """The response to a request for an image derived from this one."""
        return self._session().get(f"{self._address}{image['links']['content']}?{transform}")

    def derived(self, image, transform):
        """The bytes of an image derived from this one."""
        response = self.answer(image, transform)
        assert response.status_code == 200, f"{transform}: {response.text}"
        return response.content


class Failures:
    """Collects what is wrong, so that one run shows all of it."""

    def __init__(self):
        self._failures = []
        self._checks = 0

    def check(self, holds, message):
        self._checks += 1
        if not holds:
            self._failures.append(message)

    def report(self):
        """Ends the program, with an error if there is anything wrong."""
        print(f"{self._checks} checks")
        if self._failures:
            sys.exit("\n".join(self._failures))


def each(check, cases):
    """Calls `check` with every case, some at a time; what it raises ends the program."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda case: check(*case), cases))


def arguments():
    """The client and the folder of image collections that the command line names."""
    address, token, corpus = sys.argv[1:]
    return Darkroom(address, token), pathlib.Path(corpus)
