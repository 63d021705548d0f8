"""BLAKE3 in plain Python, from its specification: hash, keyed hash, key derivation. For small inputs; nothing here is fast."""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED, CONTEXT, MATERIAL = 1, 2, 4, 8, 16, 32, 64
MASK = 0xFFFFFFFF
QUARTERS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def compress(chain, block, counter, length, flags):
    state = list(chain) + list(IV[:4]) + [counter & MASK, counter >> 32, length, flags]
    words = list(block)
    for turn in range(7):
        for place, (a, b, c, d) in enumerate(QUARTERS):
            for word, first, second in ((words[2 * place], 16, 12), (words[2 * place + 1], 8, 7)):
                state[a] = (state[a] + state[b] + word) & MASK
                mixed = state[d] ^ state[a]
                state[d] = (mixed >> first | mixed << (32 - first)) & MASK
                state[c] = (state[c] + state[d]) & MASK
                mixed = state[b] ^ state[c]
                state[b] = (mixed >> second | mixed << (32 - second)) & MASK
        if turn < 6:
            words = [words[place] for place in PERMUTATION]
    return [state[place] ^ state[place + 8] for place in range(8)]


def words(data):
    data = data.ljust(64, b"\0")
    return [int.from_bytes(data[place : place + 4], "little") for place in range(0, 64, 4)]


def chunk(key, data, counter, flags, last):
    blocks = [data[place : place + 64] for place in range(0, len(data), 64)] or [b""]
    chain = key
    for place, block in enumerate(blocks):
        more = flags | (CHUNK_START if place == 0 else 0)
        if place == len(blocks) - 1:
            more |= CHUNK_END | last
        chain = compress(chain, words(block), counter, len(block), more)
    return chain


def tree(key, data, counter, flags, last):
    if len(data) <= 1024:
        return chunk(key, data, counter, flags, last)
    left = 1024
    while left * 2 < len(data):
        left *= 2
    parts = tree(key, data[:left], counter, flags, 0) + tree(key, data[left:], counter + left // 1024, flags, 0)
    return compress(key, parts, 0, 64, flags | PARENT | last)


def output(key, data, flags):
    return b"".join(word.to_bytes(4, "little") for word in tree(key, data, 0, flags, ROOT))


def blake3(data):
    return output(IV, data, 0)


def keyed(key, data):
    return output([int.from_bytes(key[place : place + 4], "little") for place in range(0, 32, 4)], data, KEYED)


def derive(context, data):
    key = output(IV, context.encode(), CONTEXT)
    return output([int.from_bytes(key[place : place + 4], "little") for place in range(0, 32, 4)], data, MATERIAL)


if __name__ == "__main__":
    # From the reference test vectors: input byte i is i mod 251.
    pattern = bytes(place % 251 for place in range(3073))
    assert blake3(b"").hex().startswith("af1349b9f5f9a1a6a0404dea36dcc949")
    assert blake3(pattern[:1025]).hex().startswith("d00278ae47eb27b34faecf67b4fe263f")
    assert keyed(b"whats the Elvish word for friend", b"").hex().startswith("92b2b75604ed3c761f9d6f62392c8a92")
    assert derive("BLAKE3 2019-12-27 16:29:52 test vectors context", b"").hex().startswith("2cc39783c223154fea8dfb7c1b1660f2")
    print("ok")
