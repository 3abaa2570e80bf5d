"""The bulletin: the balance of a territory and period on one printed page, or on ten.

`plan` says what stands on which page, `document` writes one self-contained HTML,
`printing` makes a PDF of it with the system's Chromium.
"""
