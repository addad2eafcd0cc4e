"""Rules about who gets in: open ingress, SSH, the EKS endpoint, public databases; and about flow logs."""

from collections.abc import Iterator

from pipeline.domain.policy.carriers import balancers, listener_ports, others, owner
from pipeline.domain.policy.joins import joined
from pipeline.domain.policy.openings import Opening, everybody, openings
from pipeline.domain.policy.planned import UNKNOWN, Planned
from pipeline.domain.policy.rule import Hit, hit, unsure
from pipeline.domain.shapes import as_list

_REMOTE = {22: "SSH", 3389: "RDP"}


def open_ingress(plan: Planned) -> Iterator[Hit]:
    """Nobody is let in from everywhere, but to the listener ports of a load balancer that alone carries it."""
    for opening in openings(plan):
        if opening.unknown:
            yield unsure(opening.resource, opening.attribute, "lets in a range known only after the apply")
        else:
            yield from _excused(plan, opening)


def public_ssh(plan: Planned) -> Iterator[Hit]:
    """No exception here, not for a load balancer either. Ranges not known yet are `open-ingress`'s business."""
    for opening in openings(plan):
        for port, name in _REMOTE.items():
            if not opening.unknown and opening.reaches(port):
                yield hit(opening.resource, opening.attribute, f"opens {name} (port {port}) to everybody")


def eks_endpoint(plan: Planned) -> Iterator[Hit]:
    """A public endpoint has an allow-list. Not set, the endpoint is public and the list is everybody."""
    for cluster in plan.of_type("aws_eks_cluster"):
        config = cluster.root.block("vpc_config")
        public = config.at("endpoint_public_access").setting
        allowed = config.at("public_access_cidrs")
        if public is False:
            continue
        ranges = as_list(allowed.setting)
        if any(everybody(cidr) for cidr in ranges):
            yield hit(cluster, "vpc_config.public_access_cidrs", "lets everybody reach the public endpoint")
        elif public is UNKNOWN or allowed.setting is UNKNOWN or (ranges and allowed.hides):
            yield unsure(cluster, "vpc_config.public_access_cidrs")
        elif not ranges:
            yield hit(cluster, "vpc_config.public_access_cidrs", "has a public endpoint without an allow-list")


def public_database(plan: Planned) -> Iterator[Hit]:
    """Databases have no public address."""
    types = ("aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster", "aws_dms_replication_instance")
    for database in plan.of_type(*types):
        public = database.setting("publicly_accessible")
        if public is UNKNOWN:
            yield unsure(database, "publicly_accessible")
        elif public is True or (public is None and database.type == "aws_dms_replication_instance"):
            yield hit(database, "publicly_accessible", "gets a public address")


def flow_logs(plan: Planned) -> Iterator[Hit]:
    """Each VPC that the plan manages has a flow log."""
    for vpc in plan.of_type("aws_vpc"):
        found = joined(plan, vpc, plan.of_type("aws_flow_log"), "vpc_id")
        if found.certain:
            continue
        if found.possible:
            yield unsure(vpc, "id", "may or may not be the VPC of a flow log")
        else:
            yield hit(vpc, "id", "has no flow log")


def _excused(plan: Planned, opening: Opening) -> Iterator[Hit]:
    resource, attribute, ports = opening.resource, opening.attribute, opening.spelled
    group = owner(plan, opening)
    if group is None:
        yield hit(resource, attribute, f"opens {ports} to everybody in a group that the plan does not show")
        return
    carrying, beside = balancers(plan, group), others(plan, group)
    listening = listener_ports(plan, carrying.certain)
    if not carrying.certain and carrying.possible:
        yield unsure(resource, attribute, f"opens {ports} to everybody, perhaps for a load balancer")
    elif not carrying.certain:
        yield hit(resource, attribute, f"opens {ports} to everybody, and no load balancer carries its group")
    elif beside.certain:
        carrier = beside.certain[0].address
        yield hit(resource, attribute, f"opens {ports} to everybody, and {carrier} carries its group as well")
    elif beside.possible:
        carrier = beside.possible[0].address
        yield unsure(resource, attribute, f"opens {ports} to everybody, and perhaps {carrier} carries its group")
    elif not _within(opening, listening.numbers):
        sentence = f"opens {ports} to everybody, where no listener of its load balancer is"
        yield hit(resource, attribute, sentence) if listening.complete else unsure(resource, attribute, sentence)


def _within(opening: Opening, listening: frozenset[int]) -> bool:
    if opening.ports is None or opening.ports[0] < 0:
        return False
    first, last = opening.ports
    return last - first < len(listening) and all(port in listening for port in range(first, last + 1))
