"""The link between the hosts."""

from .kind import fault


def _bad_link(site, make_bad):
    make_bad()
    yield
    site.hosts.heal()


@fault("link")
def black_hole(site, _):
    yield from _bad_link(site, site.hosts.black_hole)


@fault("link")
def black_hole_to_the_gpu(site, _):
    yield from _bad_link(site, lambda: site.hosts.black_hole_one_way(site.hosts.a))


@fault("link")
def black_hole_to_the_web(site, _):
    yield from _bad_link(site, lambda: site.hosts.black_hole_one_way(site.hosts.b))


@fault("link")
def lost_packets(site, rng):
    percent = rng.randint(5, 30)
    yield from _bad_link(site, lambda: site.hosts.lose(percent))


@fault("link")
def slow_link(site, rng):
    kilobytes = rng.randint(20, 200)
    yield from _bad_link(site, lambda: site.hosts.throttle(kilobytes))


@fault("link")
def resets(site, _):
    yield from _bad_link(site, site.hosts.refuse)


@fault("link")
def link_down(site, _):
    yield from _bad_link(site, site.hosts.down)


@fault("link")
def tunnel_black_hole(site, _):
    yield from _bad_link(site, lambda: site.hosts.black_hole_port(site.sshd.port))


@fault("link")
def broker_black_hole(site, _):
    yield from _bad_link(site, lambda: site.hosts.black_hole_port(site.broker.port))


@fault("link", longest=0.5)
def lost_mapping(site, _):
    site.hosts.drop_flows(site.sshd.port)
    yield


@fault("link", needs="WIRE_BIN")
def delay(site, rng):
    ahead = rng.uniform(20.0, 300.0)  # milliseconds, each way
    yield from _bad_link(site, lambda: site.hosts.detour(delay_ms=ahead, jitter_ms=rng.uniform(0.0, 0.9) * ahead))


@fault("link", needs="WIRE_BIN")
def disorder(site, rng):
    """Packets overtake each other, and come twice."""
    yield from _bad_link(site, lambda: site.hosts.detour(delay_ms=rng.uniform(2.0, 60.0), reorder_pct=rng.uniform(5, 40),
                                                         duplicate_pct=rng.uniform(0, 20), loss_pct=rng.uniform(0, 3)))
