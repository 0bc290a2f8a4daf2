"""What the README shows is what the examples hold."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_manifest_in_the_readme_is_the_minimal_example() -> None:
    manifest = (ROOT / "examples" / "minimal.yaml").read_text()
    assert f"```yaml\n{manifest}```" in (ROOT / "README.md").read_text()
    assert len(manifest.splitlines()) == 10
