# Instructions: the numbers by which the assembler and the machine name operations, flags and types.

cdef enum:
    LITERAL = 1
    TOKEN = 2
    WORDS = 3
    REGEX = 4
    END = 5
    SPLIT = 6
    BYTE = 7
    BYTES = 8
    TABLE = 9
    FIELDS = 10
    ANY_END = 11
    ANY_SUFFIX = 12
    ANY_LITERAL = 13
    ANY_SWEEP = 14
    FREE_END = 15
    FREE_SUFFIX = 16
    FREE_SPACE = 17
    FREE_LITERAL = 18
    FREE_SWEEP = 19
    FORK = 20
    GRAMMAR = 21
    LIST = 22

OPERATIONS = {
    "LITERAL": LITERAL,
    "TOKEN": TOKEN,
    "WORDS": WORDS,
    "REGEX": REGEX,
    "END": END,
    "SPLIT": SPLIT,
    "BYTE": BYTE,
    "BYTES": BYTES,
    "TABLE": TABLE,
    "FIELDS": FIELDS,
    "ANY_END": ANY_END,
    "ANY_SUFFIX": ANY_SUFFIX,
    "ANY_LITERAL": ANY_LITERAL,
    "ANY_SWEEP": ANY_SWEEP,
    "FREE_END": FREE_END,
    "FREE_SUFFIX": FREE_SUFFIX,
    "FREE_SPACE": FREE_SPACE,
    "FREE_LITERAL": FREE_LITERAL,
    "FREE_SWEEP": FREE_SWEEP,
    "FORK": FORK,
    "GRAMMAR": GRAMMAR,
    "LIST": LIST,
}

cdef enum:
    ANY = 0
    WORD = 1
    PATH = 2
    URL = 3

FREE_KINDS = {"any": ANY, "word": WORD, "path": PATH, "url": URL}

cdef enum:
    CUT = 1        # the frame of the free field before this one is on top, and cannot lead to anything else: drop it
    FINAL = 2      # the first place is the only one that counts: leave no frame
    UNORDERED = 4  # entered at places in any order; without it, never at one before an earlier one
    NULLABLE = 8   # what follows may take nothing at the end of the line
    MEMOIZED = 16   # a line may come here more than once: the number of a memo and a cache follows

FLAGS = {"CUT": CUT, "FINAL": FINAL, "UNORDERED": UNORDERED, "NULLABLE": NULLABLE, "MEMOIZED": MEMOIZED}

cdef enum:
    REST = 0
    WS = 1
    INT = 2
    FLOAT = 3
    PERCENT = 4
    HEX = 5
    IPV4 = 6
    IPV6 = 7
    IP = 8
    MAC = 9
    UUID = 10
    HOST = 11
    QUOTED = 12
    DATE = 13
    TIME = 14
    ISO8601 = 15
    SYSLOGTIME = 16
    CLFTIME = 17
    SCHEME = 18    # of a url; not a type of the language
    WORD_FIELD = 19    # a word, in FIELDS
    JSON = 20
    SLASHTIME = 21
    CTIME = 22
    RFC2822 = 23
    KLOGTIME = 24
    EPOCH = 25
    TIMESTAMP = 26
    # Kinds that are no types: how deep JSON is that ends where that of `JSON` does, and the first of those of grammars.
    JSON_DEPTHS = 27
    FIRST_KIND = 28

FIRST_GRAMMAR_KIND = FIRST_KIND
TOKENS = {
    "rest": REST,
    "ws": WS,
    "int": INT,
    "float": FLOAT,
    "percent": PERCENT,
    "hex": HEX,
    "ipv4": IPV4,
    "ipv6": IPV6,
    "ip": IP,
    "mac": MAC,
    "uuid": UUID,
    "host": HOST,
    "quoted": QUOTED,
    "date": DATE,
    "time": TIME,
    "iso8601": ISO8601,
    "syslogtime": SYSLOGTIME,
    "clftime": CLFTIME,
    "word": WORD_FIELD,
    "json": JSON,
    "slashtime": SLASHTIME,
    "ctime": CTIME,
    "rfc2822": RFC2822,
    "klogtime": KLOGTIME,
    "epoch": EPOCH,
    "timestamp": TIMESTAMP,
}

cdef enum:
    # What the items of a LIST are.
    LIST_WORD = 0
    LIST_TOKEN = 1
    LIST_GRAMMAR = 2
    LIST_FREE = 3

LIST_ITEMS = {"word": LIST_WORD, "token": LIST_TOKEN, "grammar": LIST_GRAMMAR, "free": LIST_FREE}
