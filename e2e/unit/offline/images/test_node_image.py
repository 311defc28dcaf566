"""A node is what kind expects it to be: its files, its services, its network manifest."""

from pathlib import Path

import pytest
import yaml

from evenly.offline.images import node_image


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for wanted in (
        "usr/lib/systemd/system/multi-user.target.wants/getty.target",
        "usr/lib/systemd/system/sockets.target.wants/systemd-udevd-kernel.socket",
        "usr/lib/systemd/system/sockets.target.wants/systemd-journald.socket",
        "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
        "etc/systemd/system/timers.target.wants/e2scrub.timer",
    ):
        (root / wanted).parent.mkdir(parents=True, exist_ok=True)
        (root / wanted).symlink_to("../unit")
    (root / "etc/systemd/journald.conf").write_text("[Journal]\n")
    return root


def test_only_the_services_that_a_node_has_use_for_are_started(debian: Path) -> None:
    node_image._set_up_services(debian)
    started = {path.name for path in debian.glob("**/*.wants/*")}
    assert started == {"systemd-journald.socket", "containerd.service", "kubelet.service", "undo-mount-hacks.service"}
    assert (debian / "etc/systemd/system/systemd-binfmt.service").readlink() == Path("/dev/null")
    assert (debian / "etc/systemd/journald.conf").read_text() == "[Journal]\nReadKMsg=no\n"


def test_what_kind_lays_over_a_node_may_be_run_where_it_is_a_program(tmp_path: Path) -> None:
    files, root = tmp_path / "files", tmp_path / "root"
    for name in ("usr/local/bin/entrypoint", "kind/bin/mount-product-files.sh", "etc/crictl.yaml"):
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_text(name)
        (files / name).chmod(0o444)
    (root / "etc").mkdir(parents=True)
    node_image._lay_over(root, files)
    assert {str(path.relative_to(root)): oct(path.stat().st_mode)[-3:] for path in root.rglob("*") if path.is_file()} == {
        "usr/local/bin/entrypoint": "755",
        "kind/bin/mount-product-files.sh": "755",
        "etc/crictl.yaml": "644",
    }


def test_kind_fills_in_the_network_manifest() -> None:
    text = (node_image.MANIFESTS / "default-cni.yaml").read_text()
    assert "would you kindly template this file" in text
    assert "would you kindly patch this file" in text
    assert "CONTROL_PLANE_IMAGE" in text
    kinds = {part["kind"]: part for part in yaml.safe_load_all(text.replace("{{ .PodSubnet }}", "10.244.0.0/16")) if part}
    [container] = kinds["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    # kind appends CONTROL_PLANE_ENDPOINT to this list: it must be there
    assert {"name": "POD_SUBNET", "value": "10.244.0.0/16"} in container["env"]
    assert kinds["ClusterRole"]["rules"] == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]}]


def test_the_storage_class_that_kind_promises_is_the_default() -> None:
    storage = yaml.safe_load((node_image.MANIFESTS / "default-storage.yaml").read_text())
    assert storage["metadata"]["name"] == "standard"
    assert storage["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"


def test_every_module_that_shapes_the_image_makes_another_one_when_it_changes() -> None:
    beside = {path.stem for path in Path(node_image.__file__).parent.glob("*.py")}
    makes_entries = {"__init__", "build", "from_packages", "rootfs", "runtime"}  # whose keys go in by themselves
    shapes = {name for name in beside - makes_entries if not name.endswith("_image")} | {"node_image", "labels"}
    assert {path.stem for path in node_image.RECIPE} == shapes
