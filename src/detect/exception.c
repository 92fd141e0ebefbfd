// SPDX-License-Identifier: Apache-2.0
// Findings that the configuration knows to be harmless (exceptions).
#include "detect/detect.h"

static bool text_fits(const char *wanted, struct bytes value)
{
    return !wanted || bytes_equal(bytes_from_text(wanted), value);
}

static bool host_fits(
    const struct addr_range *networks, size_t count, const struct finding_entity *host)
{
    for (size_t i = 0; i < count; i++)
        if (host->address.version && addr_range_has(&networks[i], &host->address))
            return true;
    return count == 0;
}

static bool fits(const struct config_exception *exception, const struct finding *f)
{
    return text_fits(exception->detector, f->detector) && text_fits(exception->rule, f->rule) &&
           host_fits(exception->subject, exception->subject_count, &f->subject) &&
           host_fits(exception->peer, exception->peer_count, &f->peer);
}

struct exception_fit exception_of(const struct config *config, const struct finding *finding)
{
    struct exception_fit fit = {0, 0};
    for (size_t i = 0; i < config->exceptions_count && !fit.holds; i++) {
        const struct config_exception *exception = &config->exceptions[i];
        if (!fits(exception, finding))
            continue;
        bool ended = exception->until_us && finding->first >= exception->until_us;
        *(ended ? &fit.ended : &fit.holds) = i + 1;
    }
    return fit;
}
