"""The registry of actions."""

from __future__ import annotations

from collections import Counter

import pytest

from workbench.actions import APP, GO, LIST, PLACES, REGISTRY, WATCH, Action, define

UNSAFE = {"ctrl+h", "ctrl+m", "ctrl+i"}
"""Terminals send these for backspace, enter and tab."""


def keys_of(action: Action) -> list[str]:
    return [key for key in action.keys.split(",") if key]


def test_an_action_s_id_is_taken_once():
    with pytest.raises(ValueError, match=r"app\.quit"):
        define(Action("app.quit", "z", "Another", "Not this one.", "quit"))
    assert define(REGISTRY["app.quit"]) == (REGISTRY["app.quit"],)


def test_every_action_can_be_explained():
    for name, action in REGISTRY.items():
        assert action.title, name
        assert action.tooltip, name
        assert action.group, name


def test_no_key_is_one_that_terminals_send_for_another():
    assert not [name for name, action in REGISTRY.items() if UNSAFE & set(keys_of(action))]


def test_keys_of_the_application_and_of_lists_do_not_get_into_each_other_s_way():
    counted = Counter(key for action in (*GO, *APP, *LIST) for key in keys_of(action))
    assert not [key for key, count in counted.items() if count > 1]


def test_a_key_has_two_actions_only_where_they_exclude_each_other():
    counted = Counter(key for action in WATCH for key in keys_of(action))
    assert {key for key, count in counted.items() if count > 1} == {"r", "space"}


def test_main_screens_are_on_number_keys_in_their_order():
    assert [place.key for place in PLACES] == [str(number) for number in range(1, len(PLACES) + 1)]
