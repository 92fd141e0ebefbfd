// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "proto/service.h"

static struct bytes name_of(const char *host, const char *subject)
{
    const char *name = service_name(bytes_from_text(host), bytes_from_text(subject));
    return bytes_from_text(name ? name : "");
}

TEST(by_domain)
{
    CHECK_TEXT(name_of("teamviewer.com", NULL), "teamviewer");
    CHECK_TEXT(name_of("Router7.TeamViewer.com", NULL), "teamviewer");
    CHECK_TEXT(name_of("relay-1234.net.anydesk.com", NULL), "anydesk");
    CHECK_TEXT(name_of("remotedesktop-pa.googleapis.com", NULL), "chrome_remote_desktop");
}

TEST(not_by_part_of_a_label)
{
    CHECK_TEXT(name_of("notteamviewer.com", NULL), "");
    CHECK_TEXT(name_of("teamviewer.com.example", NULL), "");
    CHECK_TEXT(name_of("googleapis.com", NULL), "");
    CHECK_TEXT(name_of("", NULL), "");
    CHECK_TEXT(name_of(".", NULL), "");
}

TEST(by_certificate)
{
    CHECK_TEXT(name_of(NULL, "C=DE, O=philandro Software GmbH, CN=AnyNet Relay"), "anydesk");
    CHECK_TEXT(name_of("www.city.example", "CN=www.city.example"), "");
}

TEST_MAIN(T(by_domain), T(not_by_part_of_a_label), T(by_certificate))
