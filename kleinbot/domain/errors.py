"""Errors shown to people: a code with parameters. Their sentences live in ``texts/``."""

from enum import StrEnum

Parameter = str | int | float


class Code(StrEnum):
    """Error codes. Each is a message id in ``texts/<locale>/errors.ftl``."""

    UNEXPECTED = "error-unexpected"
    COMMAND_CHANGED = "error-command-changed"
    BUTTON_UNKNOWN = "error-button-unknown"

    PROMPT_BLANK = "error-prompt-blank"
    PROMPT_EMPTY = "error-prompt-empty"
    PROMPT_TOO_LONG = "error-prompt-too-long"
    CONTENT_MINORS = "error-content-minors"
    CONTENT_OTHERS_PICTURES = "error-content-others-pictures"
    SEED_OUT_OF_RANGE = "error-seed-out-of-range"
    COUNT_OUT_OF_RANGE = "error-count-out-of-range"
    NOT_IN_A_SERVER = "error-not-in-a-server"
    SERVER_NOT_ALLOWED = "error-server-not-allowed"
    QUOTA_EXHAUSTED = "error-quota-exhausted"
    QUOTA_EVERYWHERE = "error-quota-everywhere"
    LINE_FULL = "error-line-full"
    MEMBER_LINE_FULL = "error-member-line-full"
    SERVER_LINE_FULL = "error-server-line-full"
    STOPPING = "error-stopping"
    ENGINE_FAILED = "error-engine-failed"
    DISK_FULL = "error-disk-full"
    DATABASE_BUSY = "error-database-busy"
    CHECKPOINT_NOT_HERE = "error-checkpoint-not-here"
    DOES_NOT_FIT = "error-does-not-fit"
    DRAINING = "error-draining"

    NOT_AN_ADMIN = "error-not-an-admin"
    NOT_THE_HOST = "error-not-the-host"
    QUOTA_NUMBER_MISSING = "error-quota-number-missing"
    QUOTA_ABOVE_MOST = "error-quota-above-most"
    QUOTA_WINDOW_IDLE = "error-quota-window-idle"
    ROLE_IS_EVERYBODYS = "error-role-is-everybodys"
    ROLE_RULES_FULL = "error-role-rules-full"
    ROLE_RULE_UNKNOWN = "error-role-rule-unknown"
    GRANTS_ABOVE_MOST = "error-grants-above-most"
    SERVER_UNKNOWN = "error-server-unknown"
    CHANNEL_UNKNOWN = "error-channel-unknown"
    SERVER_NOT_READY = "error-server-not-ready"

    OPTION_OUT_OF_RANGE = "error-option-out-of-range"
    OPTION_TOO_LONG = "error-option-too-long"
    OPTION_NOT_OFFERED = "error-option-not-offered"

    JOB_UNKNOWN = "error-job-unknown"
    JOB_NOT_HERE = "error-job-not-here"
    NOTHING_OPEN = "error-nothing-open"
    JOB_NOT_YOURS = "error-job-not-yours"
    JOB_ALREADY_ENDED = "error-job-already-ended"
    CANCELLED_BY_MODERATOR = "error-cancelled-by-moderator"
    CANCELLED_BY_HOST = "error-cancelled-by-host"
    NOT_A_MODERATOR = "error-not-a-moderator"
    BANNED = "error-banned"
    ALREADY_BANNED = "error-already-banned"
    NOT_BANNED = "error-not-banned"
    BAN_REFUSED = "error-ban-refused"
    CHANNEL_CLOSED = "error-channel-closed"
    TOO_MANY_CHANNELS = "error-too-many-channels"
    NO_CHANNEL_RULE = "error-no-channel-rule"
    SERVER_LEFT = "error-server-left"

    RESULT_UNKNOWN = "error-result-unknown"
    RESULT_UNSEEN = "error-result-unseen"
    RESULT_NOT_YOURS = "error-result-not-yours"
    RESULT_DELETED = "error-result-deleted"
    ORIGINAL_GONE = "error-original-gone"
    ORIGINAL_UNREADABLE = "error-original-unreadable"
    ORIGINAL_TOO_LARGE = "error-original-too-large"
    ACTION_NOT_OFFERED = "error-action-not-offered"
    SEARCH_TOO_LONG = "error-search-too-long"
    SEARCH_ENDED = "error-search-ended"

    BEING_ERASED = "error-being-erased"
    EXPORT_AGAIN = "error-export-again"
    EXPORT_BUSY = "error-export-busy"

    RENDER_FAILED = "error-render-failed"
    OUT_OF_MEMORY = "error-out-of-memory"
    HOST_OUT_OF_MEMORY = "error-host-out-of-memory"
    CHECKPOINT_GONE = "error-checkpoint-gone"
    MODEL_CHANGED = "error-model-changed"
    GAVE_UP_AFTER_CRASHES = "error-gave-up-after-crashes"

    INPUT_LOST = "error-input-lost"

    PICTURE_UNKNOWN = "error-picture-unknown"
    PICTURE_GONE = "error-picture-gone"
    NO_PICTURE_YET = "error-no-picture-yet"
    MESSAGE_WITHOUT_PICTURE = "error-message-without-picture"
    TWO_SOURCES = "error-two-sources"
    TOO_MANY_REFERENCES = "error-too-many-references"
    ALREADY_PRESSED = "error-already-pressed"

    PICTURE_NOT_AN_IMAGE = "error-picture-not-an-image"
    PICTURE_TRUNCATED = "error-picture-truncated"
    PICTURE_TOO_MANY_BYTES = "error-picture-too-many-bytes"
    PICTURE_TOO_MANY_PIXELS = "error-picture-too-many-pixels"
    PICTURE_TOO_SMALL = "error-picture-too-small"
    PICTURE_TOO_NARROW = "error-picture-too-narrow"
    PICTURE_FORMAT_UNSUPPORTED = "error-picture-format-unsupported"
    PICTURE_PNG_OF_XCODE = "error-picture-png-of-xcode"
    PICTURE_UNREACHABLE = "error-picture-unreachable"
    PICTURE_HOST_REFUSED = "error-picture-host-refused"
    PICTURE_TOOK_TOO_LONG = "error-picture-took-too-long"
    PICTURE_TOOK_TOO_MUCH_MEMORY = "error-picture-took-too-much-memory"
    PICTURE_STOPPED_ITS_READER = "error-picture-stopped-its-reader"
    PICTURE_READER_AWAY = "error-picture-reader-away"
    PICTURES_TOO_MANY = "error-pictures-too-many"
    DOWNLOADS_OF_MEMBER = "error-downloads-of-member"
    DOWNLOADS_FULL = "error-downloads-full"

    WEIGHTS_MISSING = "error-weights-missing"
    WEIGHTS_NONE = "error-weights-none"
    WEIGHTS_NOT_KLEIN = "error-weights-not-klein"
    WEIGHTS_OTHER_MODEL = "error-weights-other-model"
    WEIGHTS_KLEIN_9B = "error-weights-klein-9b"
    WEIGHTS_WRONG_VAE = "error-weights-wrong-vae"
    WEIGHTS_WRONG_TEXT_ENCODER = "error-weights-wrong-text-encoder"
    WEIGHTS_QUANTISATION_UNKNOWN = "error-weights-quantisation-unknown"
    WEIGHTS_TOKENIZER_MISSING = "error-weights-tokenizer-missing"
    WEIGHTS_NO_CHECKPOINT = "error-weights-no-checkpoint"
    WEIGHTS_BASE_ALONE = "error-weights-base-alone"
    WEIGHTS_DAMAGED = "error-weights-damaged"
    WEIGHTS_KEPT_DAMAGED = "error-weights-kept-damaged"
    WEIGHTS_UNREADABLE = "error-weights-unreadable"
    WEIGHTS_UNREACHABLE = "error-weights-unreachable"
    WEIGHTS_REFUSED = "error-weights-refused"
    WEIGHTS_SETTINGS = "error-weights-settings"
    WEIGHTS_CACHE_UNUSABLE = "error-weights-cache-unusable"
    WEIGHTS_NO_CHECKOUT = "error-weights-no-checkout"
    WEIGHTS_NO_ROOM = "error-weights-no-room"
    SCRATCH_UNUSABLE = "error-scratch-unusable"
    DIFFUSERS_TOO_OLD = "error-diffusers-too-old"
    TORCH_LACKS_CARD = "error-torch-lacks-card"
    CUDA_UNAVAILABLE = "error-cuda-unavailable"
    TORCH_WITHOUT_CUDA = "error-torch-without-cuda"
    DRIVER_TOO_OLD = "error-driver-too-old"
    DRIVER_MISMATCH = "error-driver-mismatch"
    DRIVER_SHOWS_NO_CARD = "error-driver-shows-no-card"
    CARD_TOO_OLD = "error-card-too-old"
    START_OUT_OF_MEMORY = "error-start-out-of-memory"
    START_HOST_OUT_OF_MEMORY = "error-start-host-out-of-memory"
    RUNS_UNTUNED = "error-runs-untuned"
    NO_NATIVE_PRODUCTS = "error-no-native-products"
    PRODUCTS_WRONG = "error-products-wrong"
    CARD_TOO_FULL = "error-card-too-full"
    WAITS_FOR_CARD = "error-waits-for-card"
    WAITS_FOR_WEIGHTS = "error-waits-for-weights"
    CPU_NO_MEMORY = "error-cpu-no-memory"

    PROFILE_NO_ROOM = "error-profile-no-room"
    PROFILE_NO_FP8 = "error-profile-no-fp8"
    PROFILE_NATIVE_WITHOUT_FP8 = "error-profile-native-without-fp8"
    PROFILE_CPU_ATTENTION = "error-profile-cpu-attention"
    PROFILE_NO_COMPILER = "error-profile-no-compiler"
    PROFILE_FORMAT_NOT_OFFERED = "error-profile-format-not-offered"
    PROFILE_NO_BASE = "error-profile-no-base"
    PROFILE_NO_HOST_MEMORY = "error-profile-no-host-memory"
    PROFILE_BATCH_TOO_LARGE = "error-profile-batch-too-large"

    SETTING_INVALID = "error-setting-invalid"
    TOKEN_MISSING = "error-token-missing"  # noqa: S105 - a message id
    TOKEN_REFUSED = "error-token-refused"  # noqa: S105 - a message id
    INTENTS_REFUSED = "error-intents-refused"
    GATEWAY_REFUSED = "error-gateway-refused"
    START_DISK_FULL = "error-start-disk-full"
    FOLDER_IN_USE = "error-folder-in-use"
    SERVICE_FROM_CACHE = "error-service-from-cache"
    SERVICE_FOREIGN = "error-service-foreign"
    SERVICE_ODD_FOLDER = "error-service-odd-folder"
    SERVICE_UNWRITABLE = "error-service-unwritable"
    SERVICE_UNSUPPORTED = "error-service-unsupported"
    FOLDER_WITHOUT_LOCKS = "error-folder-without-locks"
    FOLDER_UNUSABLE = "error-folder-unusable"
    DATABASE_WITHOUT_LOG = "error-database-without-log"
    DATABASE_FOREIGN_LOG = "error-database-foreign-log"
    DATABASE_EMPTY = "error-database-empty"
    ARCHIVE_OF_ANOTHER = "error-archive-of-another"
    ARCHIVE_NEWER = "error-archive-newer"
    ARCHIVE_NO_DATABASE = "error-archive-no-database"
    ARCHIVE_UNKNOWN = "error-archive-unknown"
    BACKUP_RUNNING = "error-backup-running"
    BACKUP_INSIDE = "error-backup-inside"
    BACKUP_FOLDER_NOT_OURS = "error-backup-folder-not-ours"
    BACKUP_OF_ANOTHER = "error-backup-of-another"
    BACKUP_NEWER = "error-backup-newer"
    BACKUP_NOT_TOGETHER = "error-backup-not-together"
    BACKUP_NO_ROOM = "error-backup-no-room"
    BACKUP_MISSING = "error-backup-missing"
    BACKUP_DAMAGED = "error-backup-damaged"
    BACKUP_PICTURES_DAMAGED = "error-backup-pictures-damaged"
    RESTORE_UNFINISHED = "error-restore-unfinished"
    RESTORE_NOTE_UNREADABLE = "error-restore-note-unreadable"
    DATABASE_NEWER = "error-database-newer"
    DATABASE_DAMAGED = "error-database-damaged"
    MIGRATION_FAILED = "error-migration-failed"


class KleinbotError(Exception):
    """An expected failure; ``code`` and ``parameters`` give the sentence that a person reads."""

    def __init__(self, code: Code, **parameters: Parameter) -> None:
        super().__init__(code, parameters)
        self.code = code
        self.parameters = parameters

    def __str__(self) -> str:
        listed = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.code}({listed})"


class Refusal(KleinbotError):  # noqa: N818 - an outcome, not a fault
    """A request was not accepted: nothing was stored and nothing was charged."""


class StartError(KleinbotError):
    """The bot cannot start with its present setup; the sentence says what to change."""


class RenderError(KleinbotError):
    """One job failed in the engine and is refunded; the engine keeps running."""


class RepeatedEvent(Exception):  # noqa: N818 - an outcome, not a fault
    """An event arrived again after its change was made: nothing changes and nobody gets an answer."""


class FatalEngineError(Exception):
    """The process can no longer use its GPU (a sticky CUDA error, a hang) and must be restarted."""
