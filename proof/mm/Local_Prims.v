(** * A CPU's own pages without the lock, as the code uses them

    The primitives on pages that this CPU has ([Events.local_effect]): its page of KServ's registers, the context of the
    vCPU that it has loaded while that is on, and that vCPU's run page.  In the proof of a function the world is then
    what this CPU knows: a store is [set_ram], a word of a page that nobody else touches ([own_page]) is as it was
    written last, and a word of a run page, or of a normal VM's context, may be anything. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Prims.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Pages do not matter for security. *)
Lemma secure_ram B w r : secure B w -> secure B (set_ram r w).
Proof. intros [S1 S2 S3]. split; [exact S1|exact S2|same_seats S3]. Qed.

(** A page that this CPU's vectors may save to is its own, or the run page of a normal VM. *)
Lemma own_ctx_split B c w p : secure B w -> 0 <= c -> own_ctx c w p -> own_page c w p \/ own_run c w p.
Proof.
  intros S Hc [H|(h & i & T & O & E)]; [left; left; exact H|].
  destruct (Z.eq_dec (wrap U32 (w_mem w (obj "vms.is_protected" [h]))) 0) as [N|N].
  - right. exists h, i. split; [exact T|]. rewrite E. apply (st_normal B w (s_seats B w S)); [lia|]. intros X. exact (X N).
  - left. right. exists h, i. auto.
Qed.

Section Prims.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Notation WP := (wp (kcore_all B cpu LI)).

  Definition put_word (p i x : Z) (w : world) : world := set_ram (store_word p i x (w_ram w)) w.
  Definition clear_page (p : Z) (w : world) : world := set_ram (store_page p (fun _ => 0) (w_ram w)) w.

  Definition spec_own_get (d : den) : Prop := forall p i w, w_held w = false -> mine cpu w p -> 0 <= i < 512 ->
    WP (d [p; i]) (fun r w' => w' = w /\ exists v, r = Some v /\ in_ty U64 v /\
      (own_page cpu w p -> v = word w p i)) w.
  (** Into the run page of a protected VM: words of the list in machine/Exposed.v. *)
  Definition spec_own_set (d : den) : Prop := forall p i x w, w_held w = false -> mine cpu w p -> 0 <= i < 512 ->
    told cpu w p i x -> WP (d [p; i; x]) (fun r w' => r = None /\ w' = put_word p i x w) w.
  Definition spec_own_zero (d : den) : Prop := forall p w, w_held w = false -> own_ctx cpu w p ->
    WP (d [p]) (fun r w' => r = None /\ w' = clear_page p w) w.
  Definition spec_fp_load (d : den) : Prop := forall p w, w_held w = false -> own_ctx cpu w p ->
    WP (d [p]) (fun r w' => r = None /\ w' = w) w.
  Definition spec_fp_save (d : den) : Prop := forall p w, w_held w = false -> own_ctx cpu w p ->
    WP (d [p]) (fun r w' => r = None /\ exists s, saves_fp w p s /\ w' = set_ram s w) w.
  Definition spec_ctx_switch (d : den) : Prop := forall from to vt hcr mdcr w, w_held w = false -> own_ctx cpu w from ->
    enters B cpu w to vt hcr mdcr ->
    WP (d [from; to; vt; hcr; mdcr]) (fun r w' => r = None /\ exists va sc s,
      (own_page cpu w to -> va = word w to 48 /\ sc = word w to 37) /\ saves cpu w from s /\
      w' = set_regs cpu (context_regs va sc to vt hcr mdcr) (set_ram s w)) w.
  Definition spec_ctx_start (d : den) : Prop := forall to vt hcr mdcr w, w_held w = false ->
    enters B cpu w to vt hcr mdcr ->
    WP (d [to; vt; hcr; mdcr]) (fun r w' => r = None /\ exists va sc,
      (own_page cpu w to -> va = word w to 48 /\ sc = word w to 37) /\
      w' = set_regs cpu (context_regs va sc to vt hcr mdcr) w) w.

  Variable prims : ident -> option signature.

  Lemma r_local f args s (Q : option Z -> world -> Prop) w : prims f = Some s -> List.length (s_params s) = List.length args ->
    w_held w = false -> paging f = true -> fst (local_effect B cpu (ECall f args) w) ->
    (forall v w', snd (local_effect B cpu (ECall f args) w) v w' -> Q (option_map (fun t => wrap t v) (s_result s)) w') ->
    WP (call_primitive prims f args) Q w.
  Proof.
    intros E L H P F G. assert (Lc : local (ECall f args) w = true) by (unfold local; rewrite P, H; reflexivity).
    eapply r_primitive; [exact E|exact L| |].
    - split; [discriminate|]. rewrite Lc. exact F.
    - intros v w' Ac. cbn [act kcore_all contract_of] in Ac. rewrite Lc in Ac. apply G, Ac.
  Qed.

  Ltac rule E := intros Hd Ho; intros; eapply r_local; [exact E|reflexivity|assumption|reflexivity|cbn; auto|cbn; intros v w'].

  Lemma own_get_ok : prims "pg_get" = Some {| s_params := [U64; U64]; s_result := Some U64 |} ->
    spec_own_get (call_primitive prims "pg_get").
  Proof.
    intros E p i w. rule E. intros [Hv ->]. split; [reflexivity|]. eexists. split; [reflexivity|]. split; [apply wrap_in|].
    intros O. rewrite (Hv O). apply wrap_wrap.
  Qed.
  Lemma own_set_ok : prims "pg_set" = Some {| s_params := [U64; U64; U64]; s_result := None |} ->
    spec_own_set (call_primitive prims "pg_set").
  Proof. intros E p i x w. rule E. intros ->. split; reflexivity. Qed.
  Lemma own_zero_ok : prims "page_zero" = Some {| s_params := [U64]; s_result := None |} ->
    spec_own_zero (call_primitive prims "page_zero").
  Proof. intros E p w. rule E. intros ->. split; reflexivity. Qed.
  Lemma fp_load_ok : prims "fp_load" = Some {| s_params := [U64]; s_result := None |} ->
    spec_fp_load (call_primitive prims "fp_load").
  Proof. intros E p w. rule E. intros ->. split; reflexivity. Qed.
  Lemma fp_save_ok : prims "fp_save" = Some {| s_params := [U64]; s_result := None |} ->
    spec_fp_save (call_primitive prims "fp_save").
  Proof. intros E p w. rule E. intros (r & S & ->). split; [reflexivity|]. exists r. auto. Qed.
  Lemma ctx_switch_ok : prims "ctx_switch" = Some {| s_params := [U64; U64; U64; U64; U64]; s_result := None |} ->
    spec_ctx_switch (call_primitive prims "ctx_switch").
  Proof.
    intros E from to vt hcr mdcr w. rule E. intros (va & sc & r & Ow & S & ->). split; [reflexivity|]. exists va, sc, r. auto.
  Qed.
  Lemma ctx_start_ok : prims "ctx_start" = Some {| s_params := [U64; U64; U64; U64]; s_result := None |} ->
    spec_ctx_start (call_primitive prims "ctx_start").
  Proof. intros E to vt hcr mdcr w. rule E. intros (va & sc & Ow & ->). split; [reflexivity|]. exists va, sc. auto. Qed.
End Prims.

(** ** What is known stays so *)
Section Kept.
  Variables (B : board) (c : Z).

  Lemma known_ram w r : constants B w -> constants B (set_ram r w).
  Proof. intros K. destruct K. constructor; assumption. Qed.
  Lemma own_page_ram w r p : own_page c (set_ram r w) p <-> own_page c w p.
  Proof. reflexivity. Qed.
  Lemma put_word_same p i x w : word (put_word p i x w) p i = wrap U64 x.
  Proof. unfold word, put_word, set_ram; cbn. unfold store_word. rewrite !Z.eqb_refl. reflexivity. Qed.
  Lemma put_word_other p i x w q j : q <> p \/ j <> i -> word (put_word p i x w) q j = word w q j.
  Proof.
    intros N. unfold word, put_word, set_ram; cbn. unfold store_word.
    destruct (Z.eqb_spec q p), (Z.eqb_spec j i); cbn; try reflexivity. destruct N; contradiction.
  Qed.
End Kept.

(** ** Functions that are proved for calls on memory may be called anywhere *)
Section Lift.
  Variables (B : board) (c : Z) (LI : world -> Prop).

  Lemma wp_any {A} m (p : prog A) Q w : wp (kcore B c LI) p Q w -> wp (contract_of B c LI m) p Q w.
  Proof.
    destruct m; [|exact (fun H => H)]. revert w. induction p as [a|e k IH|why]; cbn [wp]; intros w W; [exact W| |exact W].
    destruct W as [[_ P] W]. split; [split; [discriminate|exact P]|]. intros v w' Ac. apply IH, W, Ac.
  Qed.
  Lemma wp_all {A} (p : prog A) Q w : wp (kcore B c LI) p Q w -> wp (kcore_all B c LI) p Q w.
  Proof. exact (wp_any true p Q w). Qed.
End Lift.
