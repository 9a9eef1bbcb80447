def text(size):
    parts = []
    n = 0
    seed = 7
    while n < size:
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        parts.append("word")
        parts.append(chr(ord("a") + (seed >> 10) % 26))
        parts.append(chr(ord("a") + (seed >> 20) % 26))
        parts.append(" ")
        n += 7
    return "".join(parts)


def main():
    counts = {}
    for w in text(10_000_000).split():
        counts[w] = counts.get(w, 0) + 1
    words = sorted(counts, key=lambda w: (-counts[w], w))
    print(len(words), words[0], counts[words[0]])


main()
