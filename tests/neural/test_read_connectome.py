"""Connectomes from files: every format, the real wheel, and files made to harm."""

import bz2
import importlib.util
import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import jaxsim as js
from jaxsim.core import untrusted


ONE_EDGE = np.zeros((3, 3))
ONE_EDGE[2, 0] = 1.0  # from node 0 to node 2
LENGTHS = np.array([[0.0, 10, 20], [10, 0, 30], [20, 30, 0]])


def text(matrix, mark=" "):
    return "\n".join(mark.join(f"{x:.6e}" for x in row) for row in matrix) + "\n"


def make_zip(path, members, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tvb_members(folder="", pack=False):
    members = {
        "weights.txt": text(ONE_EDGE),
        "tract_lengths.txt": text(LENGTHS),
        "centres.txt": "lA 1 2 3\nlB 4 5 6\n rC 7.5 8 9 None\n",
    }
    if pack:
        members = {f"{n}.bz2": bz2.compress(t.encode()) for n, t in members.items()}
    members["info.txt"] = 'weights_unit = "au"'
    return {folder + name: content for name, content in members.items()}


def write_npy(path):
    np.save(path, ONE_EDGE)


def write_npz(path):
    np.savez_compressed(
        path, weights=ONE_EDGE, tract_lengths=LENGTHS, labels=["lA", "lB", "rC"]
    )


def write_csv(path):
    path.write_text(text(ONE_EDGE, ","))


def write_csv_with_names(path):
    rows = [
        f"{n},{line}"
        for n, line in zip("abc", text(ONE_EDGE, ",").split(), strict=True)
    ]
    path.write_text(",a,b,c\n" + "\n".join(rows))


def write_tsv(path):
    path.write_text("# from j to i\n" + text(ONE_EDGE, "\t").replace("\n", "\t\n"))


def write_txt(path):
    path.write_text(text(ONE_EDGE))


def write_mat(path):
    scipy.io.savemat(path, {"sc": ONE_EDGE, "len": LENGTHS})


def write_mat_v4(path):
    scipy.io.savemat(path, {"W": ONE_EDGE}, format="4")


def write_mat_sparse(path):
    sparse = scipy.sparse.csc_matrix(ONE_EDGE)
    scipy.io.savemat(path, {"other": sparse}, do_compression=True)


def write_zip(path):
    make_zip(path, tvb_members())


def write_zip_nested_bz2(path):
    make_zip(path, tvb_members("connectivity_3/", pack=True))


FORMATS = [
    (write_npy, ".npy"),
    (write_npz, ".npz"),
    (write_csv, ".csv"),
    (write_csv_with_names, ".csv"),
    (write_tsv, ".tsv"),
    (write_txt, ".txt"),
    (write_mat, ".mat"),
    (write_mat_v4, ".mat"),
    (write_mat_sparse, ".MAT"),
    (write_zip, ".zip"),
    (write_zip_nested_bz2, ".zip"),
]


@pytest.mark.parametrize(("write", "suffix"), FORMATS)
def test_one_edge_keeps_its_direction_through_every_format(write, suffix, tmp_path):
    path = tmp_path / f"network{suffix}"
    write(path)
    connectome = js.Connectome.from_file(path)
    np.testing.assert_array_equal(connectome.weights, ONE_EDGE)


@pytest.mark.parametrize(("write", "suffix"), FORMATS)
def test_files_with_sources_in_rows_are_transposed(write, suffix, tmp_path):
    path = tmp_path / f"network{suffix}"
    write(path)
    connectome = js.Connectome.from_file(path, rows="source")
    np.testing.assert_array_equal(connectome.weights, ONE_EDGE.T)


@pytest.mark.parametrize("write", [write_zip, write_zip_nested_bz2])
def test_a_tvb_zip_brings_lengths_labels_and_centres(write, tmp_path):
    path = tmp_path / "connectivity.zip"
    write(path)
    connectome = js.Connectome.from_file(path, speed_m_per_s=6.0)
    assert connectome.labels == ("lA", "lB", "rC")
    np.testing.assert_array_equal(connectome.tract_lengths_mm, LENGTHS)
    np.testing.assert_array_equal(connectome.centres_mm[2], [7.5, 8, 9])
    assert float(connectome.speed_m_per_s) == 6.0


def test_an_npz_brings_lengths_and_labels(tmp_path):
    write_npz(tmp_path / "a.npz")
    connectome = js.Connectome.from_file(tmp_path / "a.npz")
    assert connectome.labels == ("lA", "lB", "rC")
    np.testing.assert_array_equal(connectome.tract_lengths_mm, LENGTHS)


def test_names_in_a_table_become_labels(tmp_path):
    write_csv_with_names(tmp_path / "a.csv")
    assert js.Connectome.from_file(tmp_path / "a.csv").labels == ("a", "b", "c")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "l one\n\n l two \nr three\n"),
        ("labels.csv", "l one\nl two\nr three"),
        ("labels.json", json.dumps(["l one", "l two", "r three"])),
        ("labels.txt", "\ufeffl one\r\nl two\r\nr three\r\n"),
    ],
)
def test_labels_come_from_a_file_of_their_own(name, content, tmp_path):
    write_zip(tmp_path / "a.zip")
    (tmp_path / name).write_text(content, encoding="utf-8")
    connectome = js.Connectome.from_file(tmp_path / "a.zip", tmp_path / name)
    assert connectome.labels == ("l one", "l two", "r three")


def test_given_labels_win_over_the_file(tmp_path):
    write_zip(tmp_path / "a.zip")
    connectome = js.Connectome.from_file(tmp_path / "a.zip", labels=("x", "y", "z"))
    assert connectome.labels == ("x", "y", "z")


def test_lengths_come_from_a_file_of_their_own(tmp_path):
    write_npy(tmp_path / "w.npy")
    scipy.io.savemat(tmp_path / "l.mat", {"len": LENGTHS})
    connectome = js.Connectome.from_file(
        tmp_path / "w.npy", tract_lengths_path=tmp_path / "l.mat"
    )
    np.testing.assert_array_equal(connectome.tract_lengths_mm, LENGTHS)


@pytest.mark.parametrize("names", [("W", "other"), ("data", "other"), ("len",), ("x",)])
def test_a_mat_is_searched_by_name_and_then_for_the_only_matrix(names, tmp_path):
    arrays = dict.fromkeys(names, 5 * np.ones((3, 3))) | {names[0]: ONE_EDGE}
    scipy.io.savemat(tmp_path / "a.mat", {**arrays, "n": 3.0})
    connectome = js.Connectome.from_file(tmp_path / "a.mat")
    np.testing.assert_array_equal(connectome.weights, ONE_EDGE)
    assert connectome.tract_lengths_mm is None


def test_a_choice_of_matrices_asks_which(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"x": ONE_EDGE, "y": LENGTHS})
    with pytest.raises(ValueError, match="which of its arrays are the weights"):
        js.Connectome.from_file(path)
    chosen = js.Connectome.from_file(path, variable="y")
    np.testing.assert_array_equal(chosen.weights, LENGTHS)
    with pytest.raises(ValueError, match="has no 'z'; it has x, y"):
        js.Connectome.from_file(path, variable="z")


# the real wheel: facts read off it once


@pytest.mark.parametrize(
    ("name", "asymmetric", "diagonal", "n_edges", "largest", "longest", "labels"),
    [
        ("66", 1316, 61, 1377, 0.5121645, 238.0, ("rBSTS", "lTT")),
        (
            "68",
            0,
            68,
            1244,
            0.12053822,
            252.90276,
            ("r_lateralorbitofrontal", "l_insula"),
        ),
        ("76", 1170, 66, 1560, 3.0, 153.48574, ("rA1", "lCC")),
        ("96", 2028, 79, 3939, 3.0, 150.10497, ("RM-TCpol_R", "BG-Acc_L")),
        ("192", 3394, 66, 3532, 3.0, 142.1458, ("lAD", "rCC")),
    ],
)
def test_the_connectomes_of_tvb_load_as_they_are(
    name, asymmetric, diagonal, n_edges, largest, longest, labels
):
    connectome = js.Connectome.from_tvb(name)
    weights = np.asarray(connectome.weights)
    assert weights.shape == (int(name), int(name))
    assert (weights != weights.T).sum() == asymmetric
    assert (np.diag(weights) != 0).sum() == diagonal
    assert (weights != 0).sum() == n_edges
    assert weights.max() == pytest.approx(largest, rel=1e-6)
    assert float(connectome.tract_lengths_mm.max()) == pytest.approx(longest, rel=1e-6)
    assert (connectome.labels[0], connectome.labels[-1]) == labels
    assert len(set(connectome.labels)) == int(name)
    assert connectome.centres_mm.shape == (int(name), 3)
    assert connectome.max_delay_s == pytest.approx(1.5e-3 * longest / 3, rel=0.01)


def test_another_name_of_tvb_is_refused():
    with pytest.raises(ValueError, match="tvb-data has 66, 68, 76, 96, 192"):
        js.Connectome.from_tvb("80")


def test_without_tvb_data_the_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    sentence = r"not installed: pip install \"jaxsim-neuro\[tvb\]\""
    with pytest.raises(ModuleNotFoundError, match=sentence):
        js.Connectome.from_tvb("76")


def test_a_wheel_without_the_file_is_told(monkeypatch, tmp_path):
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: Spec)
    with pytest.raises(FileNotFoundError, match="has no such file"):
        js.Connectome.from_tvb("76")


# files that are wrong, and files made to harm


def refused(path, sentence, error=ValueError, **how):
    with pytest.raises(error, match=sentence) as caught:
        js.Connectome.from_file(path, **how)
    assert str(path) in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_told(tmp_path):
    refused(tmp_path / "no.npy", "no such file; a connectome was", FileNotFoundError)


def test_a_folder_is_told(tmp_path):
    refused(tmp_path, "is a folder")


@pytest.mark.parametrize("name", ["a.pkl", "a.h5", "weights"])
def test_another_suffix_is_refused_with_those_that_are_read(name, tmp_path):
    (tmp_path / name).write_bytes(b"1")
    refused(tmp_path / name, ".npy, .npz, .csv, .tsv, .txt, .mat, .zip")


@pytest.mark.parametrize(("write", "suffix"), FORMATS)
def test_a_file_cut_short_is_refused(write, suffix, tmp_path):
    path = tmp_path / f"cut{suffix}"
    write(path)
    whole = path.read_bytes()
    for part in (0.35, 0.8):
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(ValueError, match="cut") as caught:
            js.Connectome.from_file(path)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".txt", ".mat", ".zip"])
@pytest.mark.parametrize("content", [b"", b"\0\1\2rubbish" * 40, b"hello world\n" * 40])
def test_rubbish_is_refused_in_a_sentence(suffix, content, tmp_path):
    path = tmp_path / f"rubbish{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="rubbish"):
        js.Connectome.from_file(path)


def test_every_byte_of_a_zip_and_a_mat_may_be_wrong(tmp_path):
    """Whatever is flipped: a connectome, or a ValueError with the path."""
    for write, suffix in (
        (write_zip, ".zip"),
        (write_mat, ".mat"),
        (write_npz, ".npz"),
    ):
        path = tmp_path / f"flipped{suffix}"
        write(path)
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 150)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            try:
                js.Connectome.from_file(path)
            except ValueError as error:
                assert "flipped" in str(error)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("1 2\n3 x\n", "row 2, column 2 is 'x', which is not a number"),
        ("1 2\n3\n", "row 2 has 1 entries, the first has 2"),
        ("1,2,3\n4,5,6\n", r"weights has shape \(2, 3\); it must be square"),
        ("1,nan\n0,1\n", r"weights\[0, 1\] \(from 1 to 0\) is nan"),
        ("1,\n0,1\n", "row 1, column 2 is ''"),
        ("# only a comment\n", "is empty"),
    ],
)
def test_a_wrong_table_is_refused_by_row_and_column(content, sentence, tmp_path):
    (tmp_path / "w.csv").write_text(content)
    refused(tmp_path / "w.csv", sentence)


def test_rows_and_columns_that_name_other_nodes_are_refused(tmp_path):
    (tmp_path / "w.csv").write_text(",a,b\nb,0,1\na,0,0\n")
    refused(tmp_path / "w.csv", "rows and columns name different nodes")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a\nb\n", "labels has 2 names for 3 nodes"),
        ("\0\1", "is not text"),
    ],
)
def test_wrong_labels_are_refused(content, sentence, tmp_path):
    write_npy(tmp_path / "w.npy")
    (tmp_path / "labels.txt").write_text(content)
    with pytest.raises(ValueError, match=sentence):
        js.Connectome.from_file(tmp_path / "w.npy", tmp_path / "labels.txt")


@pytest.mark.parametrize("content", ["{}", "[[1]]", "[1,", "[" * 100_000])
def test_json_that_is_no_list_of_names_is_refused(content, tmp_path):
    write_npy(tmp_path / "w.npy")
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ValueError, match="JSON"):
        js.Connectome.from_file(tmp_path / "w.npy", tmp_path / "labels.json")


@pytest.mark.parametrize(
    "name",
    [
        "../weights.txt",
        "/etc/weights.txt",
        "a/../../weights.txt",
        "C:/w.txt",
        "..\\w.txt",
    ],
)
def test_a_zip_that_points_out_of_itself_is_refused(name, tmp_path):
    path = make_zip(tmp_path / "evil.zip", {**tvb_members(), name: text(ONE_EDGE)})
    refused(path, "points out of the archive")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evil.zip"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = bytes(untrusted.SUSPICIOUS_BYTES + 1)
    path = make_zip(tmp_path / "bomb.zip", {"weights.txt": bomb}, compresslevel=9)
    assert path.stat().st_size < 100_000
    refused(path, "would grow .*-fold .*: a zip bomb. Nothing was read")


def test_a_zip_larger_than_memory_should_hold_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "MAX_BYTES", 10_000)
    members = {f"{i}.txt": bytes(3000) for i in range(4)}
    path = make_zip(tmp_path / "big.zip", members)
    refused(path, "would unpack to 11.72 KiB; at most 9.766 KiB")


def test_a_bz2_bomb_inside_a_zip_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "SUSPICIOUS_BYTES", 100_000)
    bomb = bz2.compress(bytes(10_000_000))
    path = make_zip(tmp_path / "bomb.zip", {"weights.txt.bz2": bomb})
    refused(path, "unpacks to more than .*: a bomb")


def test_a_mat_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "MAX_BYTES", 1_000_000)
    squeezed = zlib.compress(bytes(10_000_000))
    header = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H2s", 0x0100, b"IM")
    element = struct.pack("<II", 15, len(squeezed)) + squeezed
    (tmp_path / "bomb.mat").write_bytes(header + element)
    refused(tmp_path / "bomb.mat", "unpacks to more than 1000000 bytes: a bomb")


def test_a_mat_of_version_7_3_says_how_to_save_it(tmp_path):
    (tmp_path / "new.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(600))
    refused(tmp_path / "new.mat", "'-v7'")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for scale in (1, 2):
            archive.writestr("weights.txt", text(scale * ONE_EDGE))
    refused(path, "two members named 'weights.txt'")


@pytest.mark.parametrize(
    "second", ["weights.txt.bz2", "other/weights.txt", "Weights.TXT"]
)
def test_two_weights_in_one_archive_are_refused(second, tmp_path):
    content = bz2.compress(text(ONE_EDGE).encode())
    content = content if second.endswith("bz2") else text(ONE_EDGE)
    path = make_zip(tmp_path / "two.zip", {**tvb_members(), second: content})
    refused(path, "twice|which is meant cannot be known")


def test_what_a_mac_adds_to_a_zip_is_passed_over(tmp_path):
    members = {**tvb_members("c/"), "__MACOSX/c/._weights.txt": b"\0\1"}
    path = make_zip(tmp_path / "mac.zip", members)
    assert js.Connectome.from_file(path).n_nodes == 3


def test_an_encrypted_zip_is_refused(tmp_path):
    path = make_zip(tmp_path / "locked.zip", tvb_members())
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    refused(path, "is encrypted")


def test_a_zip_packed_by_another_method_is_refused(tmp_path):
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("weights.txt", text(ONE_EDGE))
    refused(path, "packed by a method other than")


def test_a_zip_without_weights_says_what_it_holds(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"vertices.txt": "1 2 3"})
    refused(path, "has no weights.txt.*holds vertices.txt")


def test_too_many_members_are_refused(tmp_path):
    path = make_zip(tmp_path / "many.zip", {f"{i}.txt": "" for i in range(1001)})
    refused(path, "has 1001 members")


def test_centres_that_are_none_are_refused(tmp_path):
    members = {**tvb_members(), "centres.txt": "lA one 2 3\n"}
    refused(make_zip(tmp_path / "a.zip", members), "lines of a label and x, y, z")


def test_a_pickled_array_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.save(tmp_path / "evil.npy", np.array([Trap()], object), allow_pickle=True)
    np.savez(tmp_path / "evil.npz", weights=np.array([Trap()], object))
    for name in ("evil.npy", "evil.npz"):
        refused(tmp_path / name, "Python objects, which only unpickling can read")
    assert not (tmp_path / "sprung").exists()


def npy_with_header(header):
    body = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body


@pytest.mark.parametrize("shape", ["(1000000, 1000000)", "(-1, 2)"])
def test_a_header_that_announces_terabytes_is_refused_at_once(shape, tmp_path):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    content = npy_with_header(header)
    (tmp_path / "huge.npy").write_bytes(content + bytes(100))
    refused(tmp_path / "huge.npy", "cut short or its header lies")
    path = make_zip(tmp_path / "huge.npz", {"weights.npy": content})
    refused(path, "cut short or its header lies")


def test_a_header_that_is_a_program_is_refused(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy_with_header("__import__('os')"))
    refused(tmp_path / "a.npy", "is not a NumPy array file")


def test_records_and_complex_numbers_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3, [("x", float)]))
    refused(tmp_path / "a.npy", "holds records")
    np.save(tmp_path / "b.npy", 1j * ONE_EDGE)
    refused(tmp_path / "b.npy", "not real numbers")


def test_columns_first_and_big_endian_arrays_are_read(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(ONE_EDGE).astype(">f8"))
    connectome = js.Connectome.from_file(tmp_path / "a.npy")
    np.testing.assert_array_equal(connectome.weights, ONE_EDGE)


def test_an_empty_text_member_is_told(tmp_path):
    path = make_zip(tmp_path / "a.zip", {**tvb_members(), "tract_lengths.txt": "\n"})
    refused(path, "member 'tract_lengths.txt' is empty")


def test_reading_writes_nothing(tmp_path):
    path = make_zip(tmp_path / "a.zip", tvb_members("deep/er/"))
    js.Connectome.from_file(path)
    assert [p.name for p in tmp_path.rglob("*")] == ["a.zip"]
    assert io.BytesIO(path.read_bytes()).getvalue()
