"""k8s: the log of a container platform, in klog's form. Its templates are in `k8s.toml`."""

from __future__ import annotations

from logmatch.samples.grammar import Chance, Clock, Slots, System


def _slots(chance: Chance) -> Slots:
    names = ("cart", "web", "orders-api", "node-agent", "mailer", "price-sync")
    spaces = ("shop", "shop", "monitoring", "kube-system", "batch-eu")
    nine, five = chance.hex(9), chance.hex(5)
    return {
        "time": Clock(chance, lambda day: f"{day.month:02}{day.day:02} ", 0.3, ".%06d"),
        "thread": ("      1", "     17", "   1234", "  20931"),  # klog: seven characters
        "pod": chance.pool([f"{chance.pick(spaces)}/{chance.pick(names)}-{nine()}-{five()}" for _ in range(300)]),
        "node": chance.pool([f"worker-{number:02}.eu1.example.net" for number in range(1, 25)]),
        "space": spaces,
        "name": names,
        "hex": chance.hex(12),
        "uuid": chance.uuid,
        "few": chance.number(1, 10),
        "byte": chance.number(1, 255),
        "many": chance.small(90_000),
        "big": chance.small(900_000_000),
        "millis": chance.decimal(900, 3),
        "group": chance.hex(4),
        "percent": chance.decimal(9.9, 1),
        "image": ("registry.example.net/{name}:{few}.{byte}.0",),
        "agent": (' by "kubelet/v1.31.2 (linux/amd64)"', ' by "deployer/0.9"', "", ""),
        "verb": ("GET", "GET", "LIST", "WATCH", "PATCH", "CREATE"),
        "status": ("200", "200", "200", "201", "404", "409"),
        "what": ("pods", "events", "configmaps", "leases?limit=500"),
        "probe": ("liveness", "readiness", "startup"),
        "check": ("live", "ready?full=1"),
        "error": (
            *("context deadline exceeded", 'object \\"cart\\" has been modified', "EOF", "connection refused"),
            'Get \\"https://10.96.0.1:443/api\\": i/o timeout',
        ),
        "free": ("context deadline exceeded", 'pods "cart" not found', "EOF", "no space left, giving up"),
        "exit": ('0 reason="Completed"', "0", "1", '1 reason="Error"', '137 reason="OOM killed"'),
        "ip": ("10.244.{few}.{byte}",),
        "ready": (
            *("0 ready, {few} waiting: []", "1 ready, 0 waiting: [{ip}:8080]"),
            "2 ready, {few} waiting: [{ip}:8080, {ip}:8080]",
        ),
        "second": (" and fd00:10:244::{group}", ""),
        "volume": ("config", "data-0", "kube api access"),
        "kind": ("Deployment", "Deployment", "StatefulSet", "Job"),
        "resource": ("Pod", "Node", "Secret"),
        "condition": ("Ready", "DiskPressure", "MemoryPressure"),
        "is": ("True", "False", "Unknown", "True: kubelet is posting", "False: runtime is down: no socket"),
        "clock": ("0{few}:1{few}:2{few}.{byte}",),
        "operation": ('"List etcd3 key:/registry/pods"', '"Update etcd3 key:/registry/leases/{name}"'),
        "lock": ("scheduler", "controller"),
        "certificate": ("kubelet-client", "front-proxy"),
    }


SYSTEM = System(
    kinds={
        name: (weight, f"{place[0]}{{time}} {{thread}} {place[1:]}] {text}")
        for name, weight, place, text in (
            (
                *("api-request", 120, "Ihttplog.go:132"),
                "{verb} /api/v1/namespaces/{space}/{what} {status} {millis}ms{agent}",
            ),
            (
                *("probe-failed", 50, "Wprober.go:107"),
                '"Probe failed" probe={probe} pod="{pod}" url=http://{ip}:8080/{check} err="{error}"',
            ),
            ("endpoints-changed", 45, "Iendpoints.go:154", "Endpoints of {space}/{name} now {ready}"),
            (
                *("container-started", 40, "Iruntime.go:388"),
                '"Container started" pod="{pod}" container="{name}" id={hex}{hex}',
            ),
            (
                "container-exited",
                35,
                "Iruntime.go:412",
                '"Container exited" pod="{pod}" container="{name}" code={exit}',
            ),
            ("pod-bound", 35, "Ibinder.go:77", "Bound pod {pod} to node {node} (24 nodes evaluated, {few} feasible)"),
            ("address-assigned", 30, "Iipam.go:61", "Assigned {ip}{second} to pod {pod}"),
            (
                *("volume-mounted", 30, "Ireconciler.go:254"),
                '"Volume mounted" volume="{volume}" path=/var/lib/kubelet/pods/{uuid}/volumes/{few} pod="{pod}"',
            ),
            ("image-pulled", 25, "Iimages.go:140", '"Image pulled" image="{image}" size={big} duration={millis}s'),
            ("replicas-scaled", 15, "Iscale.go:199", "Scaled {kind} {space}/{name} from {few} to {few} replicas"),
            (
                *("watch-closed", 15, "Wreflector.go:561"),
                "Watch of *v1.{resource} closed after {millis}s: {many} items received",
            ),
            ("node-condition", 12, "Inode_status.go:88", "Node {node} condition {condition} is {is}"),
            ("sync-failed", 10, "Econtroller.go:231", 'Sync of "{pod}" failed: {free}, trying again'),
            (
                *("image-pull-failed", 6, "Eimages.go:171"),
                '"Image pull failed" image="{image}" attempt={few} err="{error}"',
            ),
            ("request-traced", 6, "Itrace.go:236", "Trace[{big}]: {operation} (started {clock}, total {many}ms)"),
            (
                *("container-killed", 5, "Woom.go:64"),
                "Container {hex} of pod {uuid} killed: used 2623{byte}Ki of 262144Ki",
            ),
            (
                *("pod-evicted", 4, "Weviction.go:310"),
                "Evicting pod {pod} from {node}: memory at 9{percent}%, threshold 90%",
            ),
            ("lease-taken", 3, "Ileader.go:258", "Lease kube-system/{lock} taken by {node}_{uuid}"),
            ("images-removed", 2, "Igc.go:93", "Removed {few} unused images, freed {big} bytes"),
            (
                *("certificate-expires", 1, "Wcerts.go:45"),
                "Certificate {certificate} expires at 2025-04-1{few}T00:00:00Z, rotating in {few} days",
            ),
        )
    },
    slots=_slots,
    free="sync-failed",
    unknown=(
        "I{time} {thread} server.go:12] Flag --cloud-provider has been deprecated",
        'I{time} {thread} runtime.go:388] "Container started" pod="{pod}" container={name}',
        "X{time} {thread} binder.go:77] Bound pod {pod} to node {node} (24 nodes evaluated, 3 feasible)",
        "I{time} {thread} scale.go:199] Scaled CronTab {space}/{name} from 1 to 2 replicas",
    ),
    traces=(
        (
            *("panic: assignment to entry in nil map", "", "goroutine 17 [running]:"),
            *("example.net/agent/sync.(*Loop).run(0xc0001a2000)", "\t/src/sync/loop.go:88 +0x1d4"),
        ),
    ),
)
