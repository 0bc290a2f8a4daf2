import pytest

from celery_monitor.web.page_script import joined

LIBRARIES = "vendor/libraries.js"


def test_a_module_comes_after_those_that_it_imports() -> None:
    script = joined(
        {
            "app/main.js": 'import { h } from "../vendor/libraries.js";\n'
            'import { twice, ONE } from "../parts/numbers.js";\n'
            'import { log } from "./log.js";\nlog(h, twice(ONE));\n',
            "app/log.js": "export async function log(...words) {}\n",
            "parts/numbers.js": "export const ONE = 1;\nexport function twice(one) {\n  return one * 2;\n}\n"
            "const hidden = 3;\nexport class Sum {}\n",
        },
        LIBRARIES,
    )
    assert script == (
        'import { h } from "../vendor/libraries.js";\n'
        "const $app_log = (() => {\nasync function log(...words) {}\nreturn { log };\n})();\n"
        "const $parts_numbers = (() => {\nconst ONE = 1;\nfunction twice(one) {\n  return one * 2;\n}\n"
        "const hidden = 3;\nclass Sum {}\nreturn { ONE, twice, Sum };\n})();\n"
        "const $app_main = (() => {\nconst { log } = $app_log;\nconst { twice, ONE } = $parts_numbers;\n"
        "log(h, twice(ONE));\nreturn {  };\n})();\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        'import "./other.js";',
        'import other from "./other.js";',
        'import { one as two } from "./other.js";',
        'import { one } from "https://example.com/other.js";',
        "export default 1;",
        "export let one = 1;",
        "export { one };",
    ],
)
def test_a_form_that_is_not_read_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"^app/main\.js has the line .*: write import \{ one, other \}"):
        joined({"app/main.js": f"{line}\n", "app/other.js": ""}, LIBRARIES)


def test_modules_in_a_circle_are_refused() -> None:
    modules = {
        "app/one.js": 'import { b } from "./two.js";\nexport const a = 1;\n',
        "app/two.js": 'import { a } from "./one.js";\nexport const b = 2;\n',
    }
    with pytest.raises(ValueError, match="cycle"):
        joined(modules, LIBRARIES)


@pytest.mark.parametrize("source", ["./one.js", "./none.js"])
def test_a_name_that_no_module_exports_is_refused(source: str) -> None:
    modules = {
        "app/main.js": f'import {{ a, b }} from "{source}";\n',
        "app/one.js": "export const a = 1;\n",
    }
    with pytest.raises(ValueError, match=r"^app/main\.js imports .*b, which app/n?one\.js does not export"):
        joined(modules, LIBRARIES)
