"""Figures of a classifier against scikit-learn and hand-worked arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from clearsight.metrics import classification

pairs = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=40),
    )
)


def test_confusion_matrix_by_hand() -> None:
    truth, predicted = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 0, 2])
    found = classification.confusion_matrix(truth, predicted, 4)
    assert found.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 2, 0], [0, 0, 0, 0]]


@given(pairs)
def test_per_class_and_averages_equal_scikit_learn(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, rows = case
    truth, predicted = np.array(rows).T
    found = classification.per_class(classification.confusion_matrix(truth, predicted, classes))
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        truth, predicted, labels=range(classes), zero_division=0
    )
    np.testing.assert_allclose(found.precision, precision)
    np.testing.assert_allclose(found.recall, recall)
    np.testing.assert_allclose(found.f1, f1)
    np.testing.assert_array_equal(found.support, support)
    for name in ("precision", "recall", "f1"):
        for average in ("macro", "weighted"):
            score = getattr(reference, f"{name}_score")(truth, predicted, average=average, zero_division=0)
            assert getattr(found, average)(getattr(found, name)) == pytest.approx(score)
    assert classification.accuracy(truth, predicted) == pytest.approx(reference.accuracy_score(truth, predicted))


def test_a_class_never_predicted_and_one_that_never_occurs_are_zero() -> None:
    found = classification.per_class(np.array([[2, 0, 0], [1, 0, 0], [0, 0, 0]]))
    assert found.precision.tolist() == [pytest.approx(2 / 3), 0, 0]
    assert found.recall.tolist() == [1, 0, 0]
    assert found.macro(found.recall) == pytest.approx(0.5)  # over two classes: the third occurs nowhere


def test_averages_of_many_matrices_at_once() -> None:
    matrices = np.random.default_rng(0).integers(0, 5, (7, 3, 3))
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    together = classification.precision_recall_f1(hits, matrices.sum(2), matrices.sum(1))
    singly = [classification.per_class(matrix) for matrix in matrices]
    np.testing.assert_allclose(together.macro(together.f1), [one.macro(one.f1) for one in singly])
    np.testing.assert_allclose(together.weighted(together.f1), [one.weighted(one.f1) for one in singly])


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_equals_scikit_learn(k: int) -> None:
    random = np.random.default_rng(k)
    scores, truth = random.random((200, 7)), random.integers(0, 7, 200)
    expected = reference.top_k_accuracy_score(truth, scores, k=k, labels=range(7))
    assert classification.top_k_accuracy(scores, truth, k) == pytest.approx(expected)


@given(st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=1, max_size=20))
def test_rank_zero_is_where_argmax_is_right_even_with_ties(rows: list[list[int]]) -> None:
    scores = np.array(rows)
    ranks = np.stack([classification.truth_ranks(scores, np.full(len(scores), c)) for c in range(4)])
    np.testing.assert_array_equal(ranks.argmin(axis=0), scores.argmax(axis=1))
    np.testing.assert_array_equal(np.sort(ranks, axis=0), np.arange(4)[:, None].repeat(len(scores), 1))


def test_nothing_judged_is_not_a_number() -> None:
    nothing = np.zeros(0, np.int64)
    assert np.isnan(classification.accuracy(nothing, nothing))
    assert np.isnan(classification.top_k_accuracy(np.zeros((0, 3)), nothing, 2))
