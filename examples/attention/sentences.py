"""The sentences that are encoded, in pairs of like meaning, and others that show which ranges numbers take."""

__all__ = ["CALIBRATION", "PAIRS"]

PAIRS = (
    ("The weather is lovely today.", "It is sunny and warm outside."),
    ("A man is playing the guitar.", "Someone is strumming a musical instrument."),
    ("The cat sleeps on the sofa.", "A kitten is napping on the couch."),
    ("How do I reset my password?", "I cannot remember how to log in to my account."),
    ("The stock market fell sharply on Monday.", "Share prices dropped at the start of the week."),
    ("She baked fresh bread this morning.", "The bakery sells warm loaves at dawn."),
)
"""Both sentences of a pair mean much the same; sentences of different pairs have nothing to do with each other."""

CALIBRATION = (
    "She drove her car to the office.",
    "Children were laughing in the park.",
    "The museum opens at nine o'clock.",
    "Please send me the report by Friday.",
    "Heavy rain flooded the narrow streets.",
    "My brother repairs old bicycles.",
    "The soup needs a little more salt.",
    "They won the match in extra time.",
    "A tall woman is reading a newspaper on the train.",
    "Scientists discovered a new planet far away.",
    "He forgot his keys at home again.",
    "Where can I buy a ticket for the concert?",
    "The company announced its annual results.",
    "Two dogs chase a ball across the lawn.",
    "Why does the computer make so much noise?",
    "The old bridge was closed for repairs.",
)
