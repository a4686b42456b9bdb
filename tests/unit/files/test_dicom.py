"""DICOM photographs made here, with a patient in them who must never come out."""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import sys
from datetime import date, datetime

import numpy as np
import pytest
from PIL import Image, ImageCms

from dermadelta.domain import Phase, PhotoRef
from dermadelta.errors import OversizedPhoto, PhotoError, UnreadablePhoto, UnsupportedPhoto
from dermadelta.files.formats import jpeg_step
from dermadelta.files.images import read_header, read_image
from dermadelta.stages.load import LoadConfig, load

pydicom = pytest.importorskip("pydicom")

VL_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BASELINE = "1.2.840.10008.1.2.4.50"
JPEG2000 = "1.2.840.10008.1.2.4.90"
SECRETS = ("Secretname", "PID-4711", "19700102", "Hiddenstreet")


def dicom(pixel_data: bytes, size=(48, 64), syntax: str = EXPLICIT, **elements) -> bytes:
    """A DICOM file of a colour picture of ``size`` (rows, columns), about an invented patient."""
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = elements.get("SOPClassUID", VL_PHOTOGRAPHIC)
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = "1.2.3.5"
    stored = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    values = {
        "SOPClassUID": VL_PHOTOGRAPHIC, "SOPInstanceUID": "1.2.3.4", "Modality": "XC",
        "PatientName": "Secretname^Anna", "PatientID": "PID-4711", "PatientBirthDate": "19700102",
        "PatientAddress": "Hiddenstreet 1",
        "Manufacturer": "Phantom", "ManufacturerModelName": "D1",
        "SoftwareVersions": ["7.1", "b"], "AcquisitionDateTime": "20260304101112.250000+0100",
        "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0,
        "Rows": size[0], "Columns": size[1], "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7,
        "PixelRepresentation": 0, **elements,
    }  # fmt: skip
    for name, value in values.items():
        if value is not None:
            setattr(stored, name, value)
    nested = Dataset()
    nested.PatientName = "Secretname^Nested"
    stored.ReferencedPatientSequence = [nested]
    compressed = syntax not in (EXPLICIT, IMPLICIT)
    if pixel_data:
        stored.PixelData = encapsulate([pixel_data]) if compressed else pixel_data
        stored["PixelData"].VR = "OB" if values["BitsAllocated"] == 8 else "OW"
        stored["PixelData"].is_undefined_length = compressed
    stream = io.BytesIO()
    stored.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture
def read(tmp_path):
    def _read(data: bytes, name: str = "a.dcm", max_pixels: int = 10**8):
        (tmp_path / name).write_bytes(data)
        return read_image(str(tmp_path / name), max_pixels=max_pixels)

    return _read


@pytest.fixture
def jpeg(encoded):
    return encoded("JPEG", quality=92)


def stripped(jpeg: bytes) -> bytes:
    """A JPEG without its application segments."""
    at = 2
    while jpeg[at + 1] in range(0xE0, 0xF0):
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    return jpeg[:2] + jpeg[at:]


# ------------------------------------------------------------------------- what is read


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("planar", [0, 1])
def test_uncompressed_rgb_keeps_every_pixel(read, quarters, syntax, planar):
    stored = np.moveaxis(quarters, -1, 0) if planar else quarters
    image = read(dicom(stored.tobytes(), syntax=syntax, PlanarConfiguration=planar))
    np.testing.assert_array_equal(image.pixels, quarters)
    assert (image.header.format, image.header.bits, image.header.orientation) == ("DICOM", 8, 1)
    assert image.header.jpeg_step == 0.0


@pytest.mark.parametrize("used", [10, 12, 16])
def test_more_than_eight_bits_fill_sixteen(read, used):
    values = np.random.default_rng(3).integers(0, 1 << used, (48, 64, 3)).astype("<u2")
    values[0, 0] = (1 << used) - 1
    image = read(dicom(values.tobytes(), BitsAllocated=16, BitsStored=used, HighBit=used - 1))
    assert image.pixels.dtype == np.uint16
    assert (image.pixels[0, 0] == 65535).all()
    np.testing.assert_allclose(
        image.pixels / 65535.0, values / ((1 << used) - 1), atol=1.0 / (1 << used)
    )


def test_ycbcr_of_full_range_comes_back_as_rgb(read, quarters):
    ycc = np.asarray(Image.fromarray(quarters).convert("YCbCr"))
    image = read(dicom(ycc.tobytes(), PhotometricInterpretation="YBR_FULL"))
    assert np.abs(image.pixels.astype(int) - quarters).max() <= 2  # its own rounding
    pairs = np.concatenate([ycc[:, ::2, :1], ycc[:, 1::2, :1], ycc[:, ::2, 1:]], axis=2)
    image = read(dicom(pairs.tobytes(), PhotometricInterpretation="YBR_FULL_422"))
    assert np.abs(image.pixels.astype(int) - quarters).max() <= 2


def test_a_wrapped_jpeg_is_decoded_like_any_other(read, save, jpeg, tmp_path):
    (tmp_path / "plain.jpg").write_bytes(jpeg)
    plain = read_image(str(tmp_path / "plain.jpg"), max_pixels=10**6)
    image = read(dicom(jpeg, syntax=BASELINE, PhotometricInterpretation="YBR_FULL_422"))
    np.testing.assert_array_equal(image.pixels, plain.pixels)
    assert image.header.jpeg_step == jpeg_step(jpeg) > 0.0


@pytest.mark.parametrize("photometric", ["YBR_RCT", "RGB"])
@pytest.mark.parametrize("whole_file", [False, True])
def test_a_wrapped_jpeg_2000_keeps_every_pixel(read, quarters, photometric, whole_file):
    stream = io.BytesIO()
    mct = 1 if photometric == "YBR_RCT" else 0
    Image.fromarray(quarters).save(
        stream, "JPEG2000", irreversible=False, mct=mct, no_jp2=not whole_file
    )
    data = dicom(stream.getvalue(), syntax=JPEG2000, PhotometricInterpretation=photometric)
    image = read(data)
    np.testing.assert_array_equal(image.pixels, quarters)
    assert image.header.jpeg_step == 0.0
    with pytest.raises(PhotoError):
        read(dicom(stream.getvalue()[:300], syntax=JPEG2000))
    with pytest.raises(UnreadablePhoto):
        read(dicom(stream.getvalue(), size=(480, 640), syntax=JPEG2000))


@pytest.mark.parametrize("used", [8, 16])
def test_run_lengths_keep_every_pixel(read, quarters, used):
    pixels = quarters if used == 8 else quarters.astype("<u2") * 257
    bits = {"BitsAllocated": used, "BitsStored": used, "HighBit": used - 1}
    stored = pydicom.dcmread(io.BytesIO(dicom(pixels.tobytes(), **bits)))
    stored.compress("1.2.840.10008.1.2.5", encoding_plugin="pydicom")
    stream = io.BytesIO()
    stored.save_as(stream)
    data = stream.getvalue()
    np.testing.assert_array_equal(read(data).pixels, pixels)
    with pytest.raises(PhotoError):
        read(data[:-200])


def test_the_colour_model_of_a_silent_jpeg_is_dicoms(read, encoded, quarters):
    """Without segments of its own, a decoder would take three components for YCbCr."""
    silent = stripped(encoded("JPEG", quality=100, subsampling=0, keep_rgb=True))
    # Components named R, G, B would give it away: name them 1, 2, 3 in frame and scan.
    silent = silent.replace(b"R\x11\0G\x11\0B\x11\0", b"\1\x11\0\2\x11\0\3\x11\0")
    silent = silent.replace(b"\x03R\0G\0B\0", b"\x03\1\0\2\0\3\0")
    as_rgb = read(dicom(silent, syntax=BASELINE)).pixels
    assert np.abs(as_rgb.astype(int) - quarters).max() <= 4
    as_ycc = read(dicom(silent, syntax=BASELINE, PhotometricInterpretation="YBR_FULL")).pixels
    assert np.abs(as_ycc.astype(int) - quarters).max() > 50


def test_a_jpeg_that_names_its_colours_itself_is_believed(read, encoded, quarters):
    """Many archives write RGB beside an ordinary JPEG in YCbCr."""
    image = read(dicom(encoded("JPEG", quality=95, subsampling=0), syntax=BASELINE))
    assert np.abs(image.pixels[8:16, 8:24].astype(int) - quarters[8:16, 8:24]).max() <= 6


def test_device_and_time_are_told(read, quarters, tmp_path):
    read(dicom(quarters.tobytes()))
    header = read_header(str(tmp_path / "a.dcm"))
    assert header.camera == "Phantom D1"
    assert header.software == "7.1 b"
    assert header.captured_at == datetime(2026, 3, 4, 10, 11, 12, 250_000)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"AcquisitionDate": "20260305", "AcquisitionTime": "070809.5"}, (5, 7, 8, 9, 500_000)),
        ({"ContentDate": "20260306", "ContentTime": "070809"}, (6, 7, 8, 9, 0)),
    ],
)
def test_other_elements_stand_in_for_the_time(read, quarters, elements, expected):
    header = read(dicom(quarters.tobytes(), AcquisitionDateTime=None, **elements)).header
    assert header.captured_at == datetime(2026, 3, *expected)
    assert read(dicom(quarters.tobytes(), AcquisitionDateTime=None)).header.captured_at is None


@pytest.mark.parametrize(
    ("space", "name"),
    [("ADOBERGB", "Adobe RGB (DICOM)"), ("SRGB", "sRGB"), (None, "sRGB (assumed)")],
)
def test_the_colour_space_reaches_the_photograph(tmp_path, quarters, space, name):
    (tmp_path / "a.dcm").write_bytes(dicom(quarters.tobytes(), ColorSpace=space))
    assert loaded(tmp_path).to_linear.name == name


def test_the_profile_counts_before_the_colour_space(tmp_path, quarters):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = dicom(quarters.tobytes(), ColorSpace="ADOBERGB", ICCProfile=profile)
    (tmp_path / "a.dcm").write_bytes(data)
    assert loaded(tmp_path).to_linear.name == "sRGB"


def loaded(folder):
    path, when = str(folder / "a.dcm"), date(2026, 1, 2)
    return load(PhotoRef(path, "a.dcm", "", "p", "s", when, Phase.PRE, "cheek", ""), LoadConfig())


# ------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("elements", "word"),
    [
        ({"NumberOfFrames": 2}, "several pictures"),
        ({"PhotometricInterpretation": "MONOCHROME2"}, "grey"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "palette"),
        ({"PhotometricInterpretation": "CMYK"}, "colour space"),
        ({"PixelRepresentation": 1}, "not read"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "no photograph by visible light"),
    ],
)
def test_what_holds_no_single_colour_photograph_is_refused(read, quarters, elements, word):
    with pytest.raises(UnsupportedPhoto, match=word):
        read(dicom(quarters.tobytes(), **elements))


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.80"]
)
def test_an_encoding_that_is_not_read_names_itself_and_the_way_out(read, quarters, syntax):
    data = dicom(quarters.tobytes()).replace(
        b"UI\x14\x00" + EXPLICIT.encode() + b"\0",
        struct.pack("<2sH", b"UI", len(syntax) + len(syntax) % 2) + syntax.encode().ljust(
            len(syntax) + len(syntax) % 2, b"\0"
        ),
    )  # fmt: skip
    with pytest.raises(UnsupportedPhoto, match=f"transfer syntax {syntax}") as caught:
        read(data)
    assert "Export it" in caught.value.remedy


def test_without_the_extra_the_remedy_is_named(read, quarters, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(UnsupportedPhoto, match=r'pip install "dermadelta\[dicom\]"'):
        read(dicom_bytes_before(quarters))


def dicom_bytes_before(quarters) -> bytes:
    """The head of a DICOM file, made without the library."""
    return bytes(128) + b"DICM" + quarters.tobytes()


def test_a_file_without_a_picture_is_refused(read):
    with pytest.raises(UnreadablePhoto, match="holds no picture"):
        read(dicom(b""))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.995])
@pytest.mark.parametrize("syntax", [EXPLICIT, BASELINE])
def test_a_truncated_file_is_refused(read, quarters, jpeg, share, syntax):
    data = dicom(quarters.tobytes() if syntax == EXPLICIT else jpeg, syntax=syntax)
    with pytest.raises(PhotoError) as caught:
        read(data[: int(len(data) * share)])
    assert caught.value.file == "a.dcm"
    assert caught.value.remedy.endswith(".")


def test_a_giant_size_is_refused_before_anything_is_made(read, quarters):
    with pytest.raises(OversizedPhoto, match="65535 × 65535"):
        read(dicom(quarters.tobytes(), size=(65535, 65535)))


def test_a_picture_smaller_than_it_says_is_damaged(read, quarters, jpeg):
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        read(dicom(quarters.tobytes(), size=(480, 640)))
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        read(dicom(jpeg, size=(480, 640), syntax=BASELINE))


def test_the_name_does_not_matter_only_the_content(read, quarters, jpeg):
    assert read(dicom(quarters.tobytes()), "a.jpg").header.format == "DICOM"
    assert read(jpeg, "b.dcm").header.format == "JPEG"


# ------------------------------------------------------------------------------ secrecy


def test_no_patient_reaches_a_message_a_log_or_a_header(read, quarters, jpeg, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    said = []
    rng = np.random.default_rng(9)
    for data in (dicom(quarters.tobytes()), dicom(jpeg, syntax=BASELINE)):
        begin = data.index(b"Secretname") - 400
        for n in range(400):
            broken = bytearray(data)
            for at in rng.integers(begin, begin + 900, n % 7):
                broken[at] = int(rng.integers(0, 256))
            try:
                said.append(repr(read(bytes(broken)).header))
            except PhotoError as error:
                chain = [error, error.__cause__, error.__context__]
                said += [repr(error.__dict__), *(repr(fault) for fault in chain)]
    out = capsys.readouterr()
    everything = "\n".join([*said, caplog.text, out.out, out.err])
    assert len(said) > 800
    for secret in SECRETS:
        assert secret not in everything


def test_a_device_that_swallows_what_follows_is_not_told(read, quarters):
    """A damaged length makes the maker's name run on into the elements behind it."""
    data = dicom(quarters.tobytes())
    at = data.index(b"LO\x08\0Phantom") + 2
    for length in (40, 90, 200, 300):
        broken = data[:at] + struct.pack("<H", length) + data[at + 2 :]
        try:
            header = repr(read(broken).header)
        except PhotoError as error:
            header = str(error)
        assert "Secretname" not in header


def test_a_patient_in_what_the_device_says_of_itself_is_cut_out(read, quarters):
    data = dicom(
        quarters.tobytes(),
        Manufacturer="Secretname^Anna",
        ManufacturerModelName="Dermo 3 of ANNA Secretname",
        SoftwareVersions=["7.1", "PID-4711"],
    )
    header = read(data).header
    assert (header.camera, header.software) == ("Dermo 3 of", "7.1")


@pytest.mark.parametrize("end", [133, 140, 200])
def test_a_file_that_ends_in_its_head_is_damaged(read, quarters, end):
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        read(dicom(quarters.tobytes())[:end])


def test_flipped_bytes_give_pixels_or_a_photo_error(read, quarters, jpeg):
    rng = np.random.default_rng(12)
    for data in (dicom(quarters.tobytes()), dicom(jpeg, syntax=BASELINE)):
        for _ in range(300):
            broken = bytearray(data)
            for at in rng.integers(132, 1100, 3):
                broken[at] = int(rng.integers(0, 256))
            with contextlib.suppress(PhotoError):
                read(bytes(broken))


def test_a_number_of_an_impossible_length_is_damage_and_not_quoted(read, quarters):
    """The parser has a fault of its own for this, which quotes the bytes."""
    data = dicom(quarters.tobytes())
    at = data.index(b"\x28\x00\x10\x00US\x02\x00") + 6
    with pytest.raises(UnreadablePhoto, match="damaged or truncated") as caught:
        read(data[:at] + struct.pack("<H", 3) + data[at + 2 : at + 4] + b"\0" + data[at + 4 :])
    assert caught.value.__context__ is None
