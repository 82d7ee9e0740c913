"""Secrets in what workers print: found wherever the stream is cut, and nothing else is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitpar.backends.masking import Mask, secrets_of

ENV = {
    b"ANTHROPIC_API_KEY": b"sk-ant-1234567890",
    b"GITHUB_TOKEN": b"ghp_abcdefgh",
    b"MY_PASSWORD": b"short",
    b"PATH": b"/usr/bin:/bin:/sbin",
    b"GOOGLE_APPLICATION_CREDENTIALS": b"/etc/a/key.json",
    b"KEYBOARD": b"us-intl-long",
    b"deploy_key": b"sk-ant-1234567890-longer",
}


def test_secrets_are_known_by_their_names() -> None:
    assert secrets_of(ENV) == [b"sk-ant-1234567890-longer", b"sk-ant-1234567890", b"ghp_abcdefgh"]


@given(
    st.lists(st.sampled_from([b"sk-ant-1234567890", b"ghp_abcdefgh", b"sk-ant-", b"ghp", b"x", b"\n"])),
    st.data(),
)
def test_a_secret_is_masked_wherever_the_output_is_cut(parts: list[bytes], data: st.DataObject) -> None:
    output = b"".join(parts)
    mask, written, at = Mask(secrets_of(ENV)), b"", 0
    while at < len(output):
        step = data.draw(st.integers(1, 20))
        written += mask.take(output[at : at + step])
        at += step
    written += mask.rest()
    expected = output
    for secret in secrets_of(ENV):
        expected = expected.replace(secret, b"***")
    assert written == expected


def test_without_secrets_nothing_is_held_back() -> None:
    assert Mask([]).take(b"sk-ant") == b"sk-ant"
