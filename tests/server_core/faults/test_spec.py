"""How a fault is written, and what is said where it is written wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_core.faults.spec import Fault, FaultSpecError, parse_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("add=fail", Fault("add", "fail")),
        ("add=fail:3", Fault("add", "fail", times=3)),
        ("add=fail:20%", Fault("add", "fail", share=0.2)),
        ("shop=delay:2.5", Fault("shop", "delay", 2.5)),
        ("shop=delay:2.5s:7.5%", Fault("shop", "delay", 2.5, share=0.075)),
        ("add=hang:1", Fault("add", "hang", times=1)),
        ("add=garble", Fault("add", "garble")),
        ("add=drop:1", Fault("add", "drop", times=1)),
        ("clock:+60", Fault("", "clock", 60.0)),
        ("clock:-5", Fault("", "clock", -5.0)),
        ("add=clock:+60:1", Fault("add", "clock", 60.0, times=1)),
        ("db://table/{name}=hang", Fault("db://table/{name}", "hang")),
        ("http://x/?a=1:2=fail:3", Fault("http://x/?a=1:2", "fail", times=3)),
        (" add = fail : 3 ", Fault("add", "fail", times=3)),
    ],
)
def test_what_is_written_is_the_fault(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text", ["add=fail", "add=fail:3", "add=fail:20%", "shop=delay:2.5:7.5%", "clock:+60", "x=clock:-1:2"]
)
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    assert parse_fault(text).text == text


@given(
    st.builds(
        Fault,
        st.text(min_size=1).filter(lambda name: name == name.strip() and "=" not in name),
        st.sampled_from(("delay", "clock")),
        st.integers(1, 10_000).map(float),
        st.one_of(st.none(), st.integers(1, 1000)),
    )
)
def test_whatever_it_is_on_it_is_written_as_it_is_read(fault: Fault) -> None:
    assert parse_fault(fault.text) == fault


@given(st.text())
def test_no_text_does_worse_than_to_be_refused_in_one_line(text: str) -> None:
    said = ""
    try:
        parse_fault(text)
    except FaultSpecError as mistake:
        said = str(mistake)
    assert len(said.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "NAME=fail:3"),
        ("add", "NAME=fail:3"),
        ("fail:3", "NAME=fail:3"),
        ("=fail:3", "needs the name"),
        ("add=fial:3", "did you mean fail?"),
        ("add=explode", "the kinds are fail, delay, hang, garble, drop, clock"),
        ("add=", "the kinds are fail"),
        ("add=fail:0", "at least once"),
        ("add=fail:-1", "at least once"),
        ("add=fail:often", "write 3 for three times, or 20%"),
        ("add=fail:0%", "more than 0%"),
        ("add=fail:101%", "at most 100%"),
        ("add=fail:nan%", "more than 0%"),
        ("add=delay", "takes a number of seconds"),
        ("add=delay:long", "takes a number of seconds"),
        ("add=delay:-1", "greater than 0"),
        ("add=delay:inf", "not a valid delay"),
        ("add=hang:1:2", "too long"),
        ("clock:soon", "as in clock:+60"),
        ("clock:+60:1", "NAME=clock:+60:1"),
    ],
)
def test_a_mistake_is_told_with_what_is_right(text: str, says: str) -> None:
    with pytest.raises(FaultSpecError) as mistake:
        parse_fault(text)
    assert says in str(mistake.value)
    assert "\n" not in str(mistake.value)
