// SPDX-License-Identifier: Apache-2.0
// Commands on other hosts through Windows Remote Management: PowerShell remoting and winrs. What is
// said is mostly sealed; that it is said shows in the requests (MS-WSMV, MS-PSRP). Collecting
// events goes the same way, to an address of its own, and is none of this.
#include "behaviour/seat.h"
#include "behaviour/words.h"

static void tell(const struct seat *seat, const struct record *record, const char *kind,
    struct bytes operation, struct bytes command)
{
    struct telling telling;
    telling_begin(&telling, "remote.execution", record, bytes_from_text(kind));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "operation", operation);
    if (command.len)
        telling_text(&telling, "command", command);
    telling_match(&telling, "http.url", operation);
    telling_match(&telling, "winrm.command", command);
    telling_end(&telling, seat);
}

static void record(const struct seat *seat, const struct record *record)
{
    const struct record_http *http = record->body;
    const struct record_winrm *winrm = record->body;
    if (record->type == RECORD_WINRM) {
        if (winrm->command.len)
            tell(seat, record, "shell", BYTES("WinRM"), winrm->command);
    } else if (bytes_start_with_nocase(http->url, BYTES("/wsman")) &&
               !words_hold(http->url, "subscription") && !words_hold(http->url, "/wec")) {
        tell(seat, record, words_hold(http->url, "PSVersion=") ? "powershell" : "shell", http->url,
            (struct bytes){NULL, 0});
    }
}

const struct look remote_shell_look = {
    .types = (const enum record_type[]){RECORD_HTTP, RECORD_WINRM, RECORD_NONE},
    .record = record,
};
