(** * Beside noninterference: theorems that a leaky statement would not have

    [kserv_output], [guest_output]: what an instruction gets back is a function of what its
    principal has.  [release_by_owner]: a step that is not [v]'s shows nobody anything that
    depends on [v]'s private state.  [own_steps_possible]: a step that a set of principals makes
    in one state is possible in every state that is alike for it, and looks the same. *)
From Coq Require Import ZArith List Bool Lia.
From Redoubt.security Require Export Noninterference.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Section Meaning.
Variable npfn : Z.
Variable prg : Z -> Z -> file -> Z -> act.
Variable nxt : Z -> Z -> file -> Z -> input -> file.
Variable pc : file -> Z.
Variable start : Z -> list Z -> list Z.
Variable legal : list Z -> bool.
Notation guest := (guest prg nxt pc start).
Notation L := (top_lab npfn prg nxt pc start legal).

(** Status and result of every call of KServ. *)
Theorem kserv_output s t k c : Inv s -> kserv_alike s t ->
  check npfn legal s k c = check npfn legal t k c /\ result npfn s c = result npfn t c.
Proof. intros I H. split; [apply eq_check | apply eq_result]; assumption. Qed.

(** Everything that an instruction of a protected VM does to it, results of its calls included: a
    function of its own view, its own random words, and the words it read from lent pages. *)
Theorem guest_output s t id i : Inv s -> Inv t -> live (vm s id) = true -> prot (vm s id) = true ->
  same_view (view_of s id) (view_of t id) -> (forall n, ent s id n = ent t id n) ->
  d_done (guest s id i) = true -> d_done (guest t id i) = true
      -> d_in (guest s id i) = d_in (guest t id i) ->
  guest s id i = guest t id i.
Proof. intros Is It Lv P V E. apply decide_same; try assumption. apply same_state; assumption. Qed.

(** ** Only the owner releases *)
Definition others_than (v p : Z) : bool := negb (p =? v).
Definition shown_to_others (v : Z) (l : lab) : Z * who * bool * list flow :=
  (by_ l, unit_ l, done l, filter (fun f => others_than v (to f)) (flows l)).

Lemma flows_others s t k v : v <> 0 -> Inv s -> kserv_alike s t ->
  (forall id, others_than v id = true -> same_view (view_of s id) (view_of t id)) ->
  filter (fun f => others_than v (to f)) (kserv_flows npfn prg pc legal s k) =
  filter (fun f => others_than v (to f)) (kserv_flows npfn prg pc legal t k).
Proof.
  intros N I H V.
  assert (X : forall s', exists j, forall f, In f (kserv_flows npfn prg pc legal s' k) -> to f = j).
  { intros s'. unfold kserv_flows. destruct (kserv_act prg pc s' k); try (exists 0; intros f []).
    destruct (check npfn legal s' k c =? OK); [|exists 0;
        intros f []]. exists (target s' k c). intros f. apply (flows_target npfn prg nxt start). }
  assert (Y : forall s' j, (forall f, In f (kserv_flows npfn prg pc legal s' k) -> to f = j) ->
     filter (fun f => others_than v (to f)) (kserv_flows npfn prg pc legal s' k) =
     if others_than v j then to_vm j (kserv_flows npfn prg pc legal s' k) else []).
  { intros s' j F. unfold to_vm. induction (kserv_flows npfn prg pc legal s' k) as [|f l IH];
      cbn [filter].
    - destruct (others_than v j); reflexivity.
    - rewrite (F f (or_introl eq_refl)), Z.eqb_refl, IH by (intros g G; apply F; right; exact G).
      destruct (others_than v j); reflexivity. }
  destruct (X s) as (j & J). destruct (X t) as (j' & J'). rewrite (Y s j J), (Y t j' J').
  assert (Z1 : forall id, others_than v id = true ->
    to_vm id (kserv_flows npfn prg pc legal s k) = to_vm id (kserv_flows npfn prg pc legal t k))
    by (intros id O; apply flows_same; auto).
  destruct (Z.eq_dec j j') as [<- | D].
  - destruct (others_than v j) eqn:O; [apply Z1, O | reflexivity].
  - destruct (others_than v j) eqn:O.
    + rewrite (Z1 j O), (to_vm_none j j' _ J') by congruence. destruct (others_than v j') eqn:O';
        [|reflexivity].
      rewrite <- (Z1 j' O'), (to_vm_none j' j _ J) by congruence. reflexivity.
    + destruct (others_than v j') eqn:O'; [|reflexivity].
      rewrite <- (Z1 j' O'), (to_vm_none j' j _ J) by congruence. reflexivity.
Qed.

Theorem release_by_owner v s t c : v <> 0 -> Inv s -> alike (others_than v) s t ->
  (forall i, firstn 32 (ifc (regs (cx s v i))) = firstn 32 (ifc (regs (cx t v i)))) ->
  by_ (L s c) <> v -> shown_to_others v (L s c) = shown_to_others v (L t c).
Proof.
  intros N I [K V] F B. assert (H : kserv_alike s t).
  { apply K. unfold others_than. apply negb_true_iff, Z.eqb_neq. congruence. }
  assert (W : forall id, others_than v id = true -> same_view (view_of s id) (view_of t id)) by
      (intros id q; apply V, q).
  unfold shown_to_others. destruct c as [k|k class]; cbn [top_lab] in *; rewrite <- !(a_cp _ _ H).
  - destruct (inside (cp s k)), (on (cp s k)) as [[id i]|] eqn:O; cbn [by_ unit_ done flows] in *;
      try (rewrite (flows_others s t k v); auto; fail).
    rewrite <- (a_vm _ _ H).
    assert (G : guest s id i = guest t id i).
    { destruct (prot (vm s id)) eqn:P; [|apply decide_normal; assumption].
      destruct (V id) as [Vi Ei]; [apply negb_true_iff, Z.eqb_neq, B|].
      apply decide_kserv; try assumption. apply same_state;
          [assumption | apply (inv_on_live s k id i I O) | assumption]. }
    rewrite <- G. unfold guest_flows, exit_flow. rewrite <- (a_vm _ _ H). reflexivity.
  - destruct (inside (cp s k)), (on (cp s k)) as [[id i]|] eqn:O; try reflexivity.
    cbn [by_ unit_ done flows]. unfold exit_flow. rewrite <- (a_vm _ _ H). destruct (prot (vm s
        id)) eqn:P; [|reflexivity].
    do 3 f_equal. f_equal. destruct (Z.eq_dec id v) as [-> | D]; [apply F|].
    destruct (V id) as [Vi _]; [apply negb_true_iff, Z.eqb_neq, D|].
    apply same_state in Vi; [|apply (inv_on_live s k id i I O)|assumption]. rewrite (s_cx _ _ _
        Vi). reflexivity.
Qed.

(** ** Nothing is vacuous: what [Q] does in one of two alike states it can do in the other *)
Theorem own_steps_possible Q s t k : Inv s -> alike Q s t -> Q 0 = true
    -> Q (by_ (L s (Go k))) = true ->
  see Q (L t (Go k)) = see Q (L s (Go k)).
Proof.
  intros I [K V] q B. specialize (K q). cbn [top_lab] in *. rewrite <- !(a_cp _ _ K).
  destruct (inside (cp s k)), (on (cp s k)) as [[id i]|] eqn:O; cbn [by_] in B.
  1: { rewrite <- (a_vm _ _ K). assert (G : guest s id i = guest t id i).
       { destruct (prot (vm s id)) eqn:P; [|apply decide_normal; assumption].
         destruct (V id B) as [Vi Ei]. apply decide_kserv; try assumption.
         apply same_state; [assumption | apply (inv_on_live s k id i I O) | assumption]. }
       rewrite <- G. unfold guest_flows, exit_flow. rewrite <- (a_vm _ _ K). reflexivity. }
  all: unfold see; cbn [by_ unit_ done flows]; rewrite q; cbn [orb andb];
    assert (X : forall s', filter (fun f => Q (to f) && negb (Q (from f))) (kserv_flows npfn prg
        pc legal s' k) = [])
      by (intros s'; pose proof (kserv_from npfn prg nxt pc start legal s' k) as F;
          induction (kserv_flows npfn prg pc legal s' k) as [|f l IH]; [reflexivity|]; cbn [filter];
          rewrite (F f (or_introl eq_refl)), q, andb_false_r; apply IH; intros g G; apply F;
              right; exact G);
    rewrite !X; reflexivity.
Qed.
End Meaning.
