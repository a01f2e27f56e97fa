"""What a patient is given where an arm gives what was recorded: infusions in the place of a record, checked."""

from collections.abc import Iterator

from pydantic import ValidationError

from abm.biology.given.infusion import Infusion
from abm.biology.given.recorded import Record, Recorded
from abm.core.errors import Fault, InputError
from abm.scenario.arms import Arm
from abm.scenario.kinds import AnyAddition
from abm.scenario.patient_table import Patient, PatientTable
from abm.scenario.schema import Scenario

NONE_GIVEN = "a row of doses for each, with AMT 0 where nothing was given"


def as_recorded(name: str, arm: Arm, table: PatientTable | None, replicate: int) -> Arm:
    """Return an arm with the infusions of one patient's record where it gives what was recorded."""
    if table is None or not any(isinstance(one, Recorded) for one in arm.add):
        return arm
    patient = table.patients[replicate]
    add: list[AnyAddition] = []
    for one in arm.add:
        own = _records(patient, name, one) if isinstance(one, Recorded) else ()
        add += [one.infusion(record) for record in own if record.mg] if isinstance(one, Recorded) else [one]
    return arm.model_copy(update={"add": tuple(sorted(add, key=lambda one: one.at))})


def refuse_records(scenario: Scenario) -> None:
    """Refuse arms that give what no table says.

    Raises
    ------
    InputError
        There are some.
    """
    allowed, places = "cohort: {table: …} with TIME and AMT", [place for place, _, _ in _given(scenario)]
    if places:
        raise InputError(*(Fault("no table says what was recorded", place, allowed=allowed) for place in places))


def record_faults(scenario: Scenario, table: PatientTable) -> list[Fault]:
    """Return what is wrong with the records of patients, or with an arm that gives them.

    Raises
    ------
    InputError
        There are no records.
    """
    if not table.has_doses:
        refuse_records(scenario)
        return []
    given = _given(scenario)
    if not given:
        text = f"no arm gives the doses of {table.sheet.file.name}"
        return [Fault(text, "arms", allowed="{add: [{recorded: 100 %}]} in an arm")]
    for patient in table.patients:
        for _, name, one in given:
            _note(scenario, table, patient, (name, one))
        _note_rest(table, patient, {one.compartment for _, _, one in given}, set(scenario.arms))
    return table.sheet.faults


def _given(scenario: Scenario) -> list[tuple[str, str, Recorded]]:
    """Return where, in which arm, and how records are given."""
    return [
        (f"arms.{name}.add.{index}", name, one)
        for name, arm in scenario.arms.items()
        for index, one in enumerate(arm.add)
        if isinstance(one, Recorded)
    ]


def _records(patient: Patient, name: str, one: Recorded) -> list[Record]:
    return [own for own in patient.records if own.compartment == one.compartment and own.protocol in ("", name)]


def _note(scenario: Scenario, table: PatientTable, patient: Patient, given: tuple[str, Recorded]) -> None:
    """Note what an arm cannot give a patient."""
    name, one = given
    records = _records(patient, name, one)
    if not records:
        text = f"the patient who begins here has no row of doses for the arm {name!r}"
        table.sheet.note(table.places["AMT"], patient.line, text, NONE_GIVEN)
    known = dict(enumerate(_possible(table, records, one)))
    for index, infusion in known.items():
        if (last := infusion.moments[-1]) >= scenario.duration:
            text = f"a dose at {last:g} h is outside the run"
            table.sheet.note(table.places["TIME"], records[index].line, text, f"before {scenario.duration:g} h")
    for fault in Infusion.faults(known):
        table.sheet.note(
            table.places["TIME"], records[int(fault.path.split(".")[0])].line, fault.message, fault.allowed
        )


def _possible(table: PatientTable, records: list[Record], one: Recorded) -> Iterator[Infusion]:
    for record in records:
        try:
            yield one.infusion(record)
        except ValidationError as error:
            why = "; ".join(str(own["msg"]) for own in error.errors())
            table.sheet.note(table.places["AMT"], record.line, f"no infusion can be like that: {why}")
            return


def _note_rest(table: PatientTable, patient: Patient, compartments: set[int], arms: set[str]) -> None:
    """Note doses that no arm gives."""
    for record in patient.records:
        if record.compartment not in compartments:
            text, known = f"no arm gives doses into compartment {record.compartment}", ", ".join(map(str, compartments))
            table.sheet.note(table.places["AMT"], record.line, text, f"compartment {known}, or {{recorded: …}} of it")
        elif record.protocol and record.protocol not in arms:
            table.sheet.note(table.places["AMT"], record.line, f"no arm {record.protocol!r}", ", ".join(sorted(arms)))
