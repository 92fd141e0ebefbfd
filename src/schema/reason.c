// SPDX-License-Identifier: Apache-2.0
// The process never calls setlocale: strerror, libyaml, jansson, expat and our own parsers speak
// English, which is what the texts say in English too; so a text is found by what was said.
#include "schema/reason.h"
#include <string.h>

// NULL: no text says this. One word alone may be anything: a name that stands in a file.
static const char *known(struct bytes said, enum lang lang)
{
    if (bytes_find_byte(said, ' ') == BYTES_NOT_FOUND)
        return NULL;
    for (enum text_id id = 0; id < TEXTS; id++) {
        if (bytes_equal(said, bytes_from_text(text(id, LANG_EN))))
            return text(id, lang);
    }
    return NULL;
}

struct bytes reason_in(struct bytes said, enum lang lang)
{
    const char *found = lang == LANG_EN ? NULL : known(said, lang);
    return found ? bytes_from_text(found) : said;
}

const char *reason_of_errno(int error, enum lang lang)
{
    const char *said = strerror(error), *found = known(bytes_from_text(said), lang);
    return found ? found : said;
}

const char *reason_of_yaml(const char *problem, enum lang lang)
{
    if (!problem)
        return text(TEXT_REASON_YAML_DAMAGED, lang);
    if (strcmp(problem, "did not find expected ',' or '}'") == 0) // no text of ours holds a brace
        return text(TEXT_REASON_YAML_BRACE, lang);
    const char *found = known(bytes_from_text(problem), lang);
    return found ? found : problem;
}
