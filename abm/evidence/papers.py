"""The claims of each paper with their one discrepancy, as a fit takes them."""

from collections.abc import Iterable
from dataclasses import dataclass

from abm.core.errors import Fault, InputError
from abm.evidence.claim import Claim
from abm.inference.paper import TAU_SCALE, Paper


@dataclass(frozen=True)
class Published:
    """What one paper tells.

    Attributes
    ----------
    name : str
        Reference key; of one's own observations, whom they are of; else the claim's own identity.
    claims : tuple of Claim
        In the order in which they were given.
    paper : Paper
        Their likelihoods in the same order.
    """

    name: str
    claims: tuple[Claim, ...]
    paper: Paper


def papers(claims: Iterable[Claim]) -> dict[str, Published]:
    """Return the papers of claims by name, in the order of their first claims.

    A claim that no paper stands behind is alone and has no discrepancy: there is no other laboratory.

    Raises
    ------
    InputError
        A claim has no likelihood.
    """
    of: dict[str, list[Claim]] = {}
    faults = []
    for claim in claims:
        of.setdefault(claim.paper or claim.subject or claim.id, []).append(claim)
        if claim.likelihood is None:
            faults.append(_untold(claim))
    if faults:
        raise InputError(*faults)
    return {name: _published(name, found) for name, found in of.items()}


def _published(name: str, claims: list[Claim]) -> Published:
    told = tuple(claim.likelihood for claim in claims if claim.likelihood is not None)
    return Published(name, tuple(claims), Paper(told, TAU_SCALE if claims[0].paper else 0.0))


def _untold(claim: Claim) -> Fault:
    """Return the fault of a claim without likelihood."""
    if claim.told_by:
        told_by = ", ".join(claim.told_by)
        return Fault(f"{claim.id} has no likelihood: its data are told by {told_by}", allowed=told_by)
    return Fault(f"{claim.id} has no likelihood", allowed="a claim that says how it was measured")
