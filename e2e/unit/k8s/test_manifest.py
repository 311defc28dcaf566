from pathlib import Path

import pytest

from evenly.errors import EvenlyError
from evenly.k8s.manifest import check_way_in, only, read, with_image

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx:1.26}]}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "some.yaml"
    path.write_text(text)
    return path


def test_every_document_of_a_file_is_read_in_order(tmp_path: Path) -> None:
    documents = read(written(tmp_path, POD + "---\n" + POD.replace("name: a", "name: b") + "---\n"))
    assert [document["metadata"]["name"] for document in documents] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no Kubernetes object"),
        ("---\n---\n", "no Kubernetes object"),
        ("a: [", "is not YAML"),
        ("\0\1\2", "is not YAML"),
        ("just words", "without apiVersion, kind, metadata.name"),
        ("apiVersion: v1\nkind: Pod\n", "without apiVersion, kind, metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n", "without apiVersion, kind, metadata.name"),
        (POD.replace("name: a", "name: a, namespace: default"), "puts Pod a into the namespace default"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused_by_name(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(EvenlyError, match=complaint) as refusal:
        read(written(tmp_path, text))
    assert "some.yaml" in refusal.value.problem


def test_a_missing_manifest_names_those_that_are_there(tmp_path: Path) -> None:
    written(tmp_path, POD)
    with pytest.raises(EvenlyError, match=r"name one that is there: some\.yaml"):
        read(tmp_path / "sum.yaml")


def test_an_image_is_exchanged_everywhere_and_nothing_else_is(tmp_path: Path) -> None:
    (document,) = read(written(tmp_path, POD + "  initContainers: [{name: nginx:1.26, image: busybox}]\n".replace("  ", "# ")))
    (exchanged,) = with_image([document], "nginx:1.26", "evenly/nginx:1.26")
    assert exchanged["spec"]["containers"] == [{"name": "c", "image": "evenly/nginx:1.26"}]
    assert document["spec"]["containers"][0]["image"] == "nginx:1.26"
    assert {**exchanged, "spec": None} == {**document, "spec": None}


@pytest.mark.parametrize("count", [0, 2])
def test_the_only_object_of_a_kind_must_be_the_only_one(tmp_path: Path, count: int) -> None:
    documents = read(written(tmp_path, "---\n".join([POD.replace("kind: Pod", "kind: Secret"), *[POD] * count])))
    with pytest.raises(EvenlyError, match=f"holds {count} objects of kind Pod"):
        only(documents, "Pod", "some.yaml")


def test_a_folder_or_a_binary_file_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(EvenlyError, match="cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "image.yaml").write_bytes(b"\x89PNG\xff")
    with pytest.raises(EvenlyError, match=r"image\.yaml is not YAML"):
        read(tmp_path / "image.yaml")


@pytest.mark.parametrize(
    ("ports", "has"),
    [
        ([{"port": 80, "nodePort": 30007}], "its nodePort is 30007"),
        ([{"port": 80}], "it has no nodePort"),
        (None, "no nodePort"),
    ],
)
def test_a_service_that_is_not_where_the_load_goes_is_refused(ports: object, has: str) -> None:
    with pytest.raises(EvenlyError, match=f"shop is not there: .*{has}") as refusal:
        check_way_in({"metadata": {"name": "shop"}, "spec": {"ports": ports}}, 30000, "the files")
    assert "in the files: type: NodePort" in refusal.value.remedy


def test_a_service_at_the_node_port_is_taken() -> None:
    check_way_in({"metadata": {"name": "shop"}, "spec": {"ports": [{"port": 80, "nodePort": 30000}]}}, 30000, "the files")
