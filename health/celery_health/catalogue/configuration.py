"""Configuration faults: what in the spec, or in what the spec refers to, cannot work."""

from collections.abc import Mapping

from celery_health.catalogue.entry import Cause, Entry, Reason, Severity, Subject, Wording


def _fault(
    word: str,
    meaning: str,
    wording: Wording,
    *,
    clears_by_itself: bool = False,
    cause: Cause = Cause.CONFIGURATION,
    variants: Mapping[str, Wording] | None = None,
) -> Entry:
    """Without a command of its own, a fault is corrected by editing the resource."""
    return Entry(
        word=word,
        subject=Subject.CONFIGURATION,
        severity=Severity.DEGRADED,
        page="configuration",
        meaning=meaning,
        cause=cause,
        wording=wording,
        variants=variants or {},
        clears_by_itself=clears_by_itself,
    )


class ConfigurationReason(Reason):
    """Why a spec cannot be applied; the reason of Stalled or Reconciling."""

    REFUSED = _fault(
        "Refused",
        "The API server refused an owned object, usually because of something in `template`.",
        Wording(message="The API server refused {kind} {subject}: {answer}"),
    )
    FIELD_NOT_ALLOWED = _fault(
        "FieldNotAllowed",
        "The resource sets a field of its pods that the operator's administrator does not allow "
        "(`tenancy.templateFields` of the chart). The object stays as it is.",
        Wording(
            message="{kind} {subject} is not changed, because this operator does not allow {fields}. Remove "
            "that from the resource, or have the administrator of the operator allow it in "
            "tenancy.templateFields."
        ),
    )
    NAME_TAKEN = _fault(
        "NameTaken",
        "An object with the name of an owned object exists and belongs to something else. The operator "
        "never overwrites it.",
        Wording(
            message="{kind} {subject} exists and does not belong to this CeleryDeployment, so it is left "
            "alone. Rename the CeleryDeployment or its group, or delete the object.",
            kubectl="delete {kind} {subject}",
        ),
        clears_by_itself=True,
        variants={
            "being_deleted": Wording(
                message="{kind} {subject} belongs to an earlier {owner} and is being deleted.",
                kubectl="get {kind} {subject}",
            ),
        },
    )
    OBJECTS_NOT_APPLIED = _fault(
        "ObjectsNotApplied",
        "The API server fails to write the owned objects, or the operator to apply them. The operator tries "
        "again.",
        Wording(
            message="The API server fails to write the owned objects. The operator tries again: {answer}"
        ),
        clears_by_itself=True,
        cause=Cause.CLUSTER,
        variants={
            "failing": Wording(
                message="The operator fails to apply the owned objects, and tries again: {answer}."
            ),
        },
    )
    SECRET_MISSING = _fault(
        "SecretMissing",
        "The Secret of a URL does not exist. The fault clears when it is created.",
        Wording(
            message="Secret {subject} with the key {key} does not exist: create it with the URL.",
            kubectl="create secret generic {subject} --from-literal={key}={example}",
        ),
        clears_by_itself=True,
        variants={
            "password": Wording(
                message="Secret {subject} with the key {key} does not exist: create it with the password.",
                kubectl="create secret generic {subject} --from-literal={key}=PASSWORD",
            ),
        },
    )
    SECRET_KEY_MISSING = _fault(
        "SecretKeyMissing",
        "The Secret exists and has no text under the key.",
        Wording(
            message="Secret {subject} has no text under the key {key}: add the URL there.",
            kubectl='patch secret {subject} -p \'{{"stringData":{{"{key}":"{example}"}}}}\'',
        ),
        clears_by_itself=True,
        variants={
            "password": Wording(
                message="Secret {subject} has no text under the key {key}: add the password there.",
                kubectl='patch secret {subject} -p \'{{"stringData":{{"{key}":"PASSWORD"}}}}\'',
            ),
        },
    )
    SECRET_FORBIDDEN = _fault(
        "SecretForbidden",
        "The operator may not read the Secret: see the chart's RBAC.",
        Wording(message="The operator may not read Secret {subject}; allow it to get Secrets: {answer}"),
        clears_by_itself=True,
    )
    SCHEDULE_INVALID = _fault(
        "ScheduleInvalid",
        "A window of a group's schedule can never apply; the message says what to write. The other windows "
        "count.",
        Wording(message="Group {subject}: {problem}"),
    )
    SPEC_UNREADABLE = _fault(
        "SpecUnreadable",
        "The stored spec does not fit the operator's resource definition: apply the chart's CRD.",
        Wording(message="The spec cannot be read; correct it: {problem}"),
    )
