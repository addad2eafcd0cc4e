"""Elastic Load Balancing v2."""

from typing import Any

from moto.elbv2.models import FakeLoadBalancer

from pipeline.adapters.emulators.corrections.patching import wrap


def load_balancer_active() -> None:
    """A load balancer is active as soon as it is described.

    Provider: aws_lb waits 30 s before its first look, then polls.
    AWS: ELBv2 API Reference, LoadBalancerState: provisioning, then active.
    Until: needed on 5.2.5; ends when CreateLoadBalancer's object is active at the first DescribeLoadBalancers.
    """

    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.activate()

    wrap(FakeLoadBalancer, "__init__", init)


CORRECTIONS = (load_balancer_active,)
