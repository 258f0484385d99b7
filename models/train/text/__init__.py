"""What callers of a hotline say: a grammar of utterances in English, Mandarin and Cantonese.

Each of the modules `english`, `mandarin` and `cantonese` has

    sentence(r: random.Random) -> str   one utterance as it is to be written down, with its punctuation
    fragment(r: random.Random) -> str   a number, an address, a name or spelled letters alone, or a sentence cut short
"""
