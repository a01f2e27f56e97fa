"""Which arm is whose control: the same without antibody, that of another arm, or none."""

from abm.core.errors import Fault, nearest
from abm.scenario.arms import Arm
from abm.scenario.content import Content

CONTROL = "~control"
OWN, NONE = "own", "none"


def controls(scenario: Content) -> dict[str, str]:
    """Return the name of each arm's control, "" where it has none; those that differ in nothing are one.

    Protocols have none: an untreated arm is written out where it is wanted.
    """
    names: dict[str, str] = {}
    of_content: dict[str, str] = {}
    for name, arm in scenario.arms.items():
        if not arm.antibodies:
            of_content.setdefault(_content(arm), name)
    for name in scenario.arms:
        owner = _owner(scenario, name) if scenario.space.has_controls else ""
        names[name] = owner and of_content.setdefault(_content(scenario.arms[owner].untreated()), f"{owner}{CONTROL}")
    return names


def control_faults(scenario: Content) -> list[Fault]:
    """Return every fault in which controls are asked for."""
    said = {"control": scenario.control} if scenario.control != OWN else {}
    said |= {f"arms.{name}.control": arm.control for name, arm in scenario.arms.items() if arm.control}
    if not scenario.space.has_controls:
        text, allowed = f"{scenario.space.where} has no control", "an untreated arm, written out"
        return [Fault(text, place, allowed=allowed, beside=("space.kind",)) for place in said]
    faults = [fault for place, word in said.items() for fault in _word_faults(scenario, place, word)]
    return faults or [fault for place, word in said.items() for fault in _end_faults(scenario, place, word)]


def _word_faults(scenario: Content, place: str, word: str) -> list[Fault]:
    known = [OWN, NONE, *scenario.arms]
    if word in (OWN, NONE) and word in scenario.arms:
        text = f"{word!r} is an arm too: it is unclear what is meant"
        return [Fault(text, place, allowed="another name for that arm", beside=(f"arms.{word}",))]
    if word not in known:
        text = f"there is no arm {word!r} whose control this could be"
        return [Fault(text, place, allowed=", ".join(known), nearest=nearest(word, known))]
    return []


def _end_faults(scenario: Content, place: str, word: str) -> list[Fault]:
    """Refuse the control of an arm that has none; so that of one which names this one in turn."""
    if word in (OWN, NONE) or _owner(scenario, word, is_named=True):
        return []
    allowed = ", ".join([OWN, NONE, *(name for name in scenario.arms if _owner(scenario, name, is_named=True))])
    return [Fault(f"{word!r} has no control that could be shared", place, allowed=allowed)]


def _owner(scenario: Content, name: str, is_named: bool = False) -> str:
    """Return the arm whose own control an arm has; "" where it has none, or where names lead in a circle.

    An arm without antibody that another one names is the control.
    """
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        arm = scenario.arms[name]
        word = arm.control or scenario.control
        if (is_named and not arm.antibodies) or word in (OWN, name):
            return name
        if word == NONE:
            return ""
        name, is_named = word, True
    return ""


def _content(arm: Arm) -> str:
    return arm.model_copy(update={"x": None, "group": "", "control": "", "observed": ()}).model_dump_json()
