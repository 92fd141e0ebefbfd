// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void call(struct trial *t, const char *operation, const char *name, const char *value)
{
    struct record_dcerpc_arg arg = {bytes_from_text(name), bytes_from_text(value)};
    struct record_dcerpc body = {.request = BYTES("REQUEST"),
        .operation = bytes_from_text(operation),
        .args = &arg,
        .args_count = name ? 1 : 0};
    struct record record = {.head = {.timestamp = 1,
                                .src_ip = trial_addr(10, 0, 0, 1),
                                .dest_ip = trial_addr(10, 0, 0, 2)},
        .type = RECORD_DCERPC,
        .body = &body};
    trial_record(t, &record);
}

TEST(service_over_tcp)
{
    struct trial t;
    trial_begin(&t);
    call(&t, "CloseServiceHandle", NULL, NULL);
    CHECK_EQ(t.count, 0);
    call(&t, "CreateServiceW", "service", "BTOBTO");
    CHECK_EQ(trial_hits(&t, "remote.execution", "service"), 1);
    CHECK(bytes_equal(trial_fact(&t, "what"), BYTES("BTOBTO")));
    CHECK(t.hits[0]->quiet);
    trial_end(&t);
}

TEST(task_through_a_pipe)
{
    struct trial t;
    trial_begin(&t);
    struct record_smb body = {.command = BYTES("SMB2_COMMAND_IOCTL")};
    struct record record = {.type = RECORD_SMB, .body = &body};
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    body.dcerpc.operation = BYTES("SchRpcRegisterTask");
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "remote.execution", "task"), 1);
    trial_end(&t);
}

// Every client of a print server registers for its news; a listener elsewhere is another thing.
TEST(printer_news_and_lures)
{
    struct trial t;
    trial_begin(&t);
    const char *news = "RpcRemoteFindFirstPrinterChangeNotificationEx";
    call(&t, news, NULL, NULL);
    call(&t, news, "machine", "\\\\DESKTOP-7");
    call(&t, news, "machine", "\\\\10.0.0.2");
    CHECK_EQ(t.count, 0);
    call(&t, news, "machine", "\\\\10.0.0.66");
    call(&t, "EfsRpcOpenFileRaw", "file", "\\\\listener@80\\x\\y");
    CHECK_EQ(trial_hits(&t, "domain.exploit", "coercion"), 2);
    call(&t, "EfsRpcOpenFileRaw", "file", "\\\\FS1\\home\\letter.docx");
    CHECK_EQ(trial_hits(&t, "domain.exploit", "efs"), 1);
    trial_end(&t);
}

TEST(dcom_whose_beginning_is_missing)
{
    struct trial t;
    trial_begin(&t);
    struct record_dcerpc body = {
        .request = BYTES("REQUEST"), .object = BYTES("0000c001-0000-0000-0000-000000000000")};
    struct record record = {.type = RECORD_DCERPC, .body = &body};
    body.req.opnum = 3; // RemQueryInterface, of WMI as well
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    body.req.opnum = 5;
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "remote.execution", "dcom_unnamed"), 1);
    trial_end(&t);
}

TEST(parameters)
{
    struct trial t;
    trial_begin(&t);
    call(&t, "LsarLookupSids2", "sids", "12");
    call(&t, "SamrOpenGroup", "rid", "1104");
    call(&t, "SamrOpenGroup", NULL, NULL);
    CHECK_EQ(t.count, 0);
    call(&t, "LsarLookupSids2", "sids", "1000");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "users"), 1);
    call(&t, "SamrOpenGroup", "rid", "512");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "privileged_groups"), 1);
    call(&t, "CreateServiceW", "binary_path", "%COMSPEC% /Q /c echo dir ^> \\\\pc1\\C$\\out");
    CHECK_EQ(trial_hits(&t, "remote.execution", "service_command"), 1);
    trial_end(&t);
}

TEST(secret_whose_beginning_is_missing)
{
    struct trial t;
    trial_begin(&t);
    struct record_smb body = {.dcerpc = {.request = BYTES("REQUEST"), .opnum = 15}};
    struct record record = {.type = RECORD_SMB, .body = &body};
    trial_record(&t, &record);
    CHECK_EQ(t.count, 0);
    body.dcerpc.opnum = 43;
    trial_record(&t, &record);
    CHECK_EQ(trial_hits(&t, "domain.credentials", "private_data_unnamed"), 1);
    trial_end(&t);
}

TEST_MAIN(T(service_over_tcp), T(task_through_a_pipe), T(printer_news_and_lures),
    T(dcom_whose_beginning_is_missing), T(parameters), T(secret_whose_beginning_is_missing))
